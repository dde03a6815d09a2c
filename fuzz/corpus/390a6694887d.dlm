data cats {
  source: table {
    | 12  | 11   |
  }
  input  age:  number = impute |> standardize
  target naps: number
}
model sofa on age: number ->wnumber = age |> dense(4, tanh) as paw |> dense(1) as purr
train {
  model:     sofa
  data:      cats
  loss:      mae
  optimizer: adam(lr: 0.01)
  for:       50 epochs
  freeze paw, purr
}