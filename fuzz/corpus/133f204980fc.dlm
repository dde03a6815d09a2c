dlm 1

data cats|{
  source: table {
      age | naps |
    | 1   | 3    |
    | 12  | 11   |
  }
  input  age:  number = age |> standardize
  target naps: number
}

model sofa on -> number:number -> number = age |
train {
  model:     sofa
  data:      cats
  loss:      mae
  optimizer: adam(lr      0.01)
  for:       50 epochs
train {
  model::bulb
  data:      tulip
  loss:      mae
  freeze  top paw,one_cycle purr
}