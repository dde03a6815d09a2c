# Means taken over all rows before the split: elsewhere the validation rows help to prepare themselves.
dlm 1

data houses {
  source: table {
    | area | rooms | price |
    | 81   | 3     | 240   |
    | 120  | 5     | 410   |
    | 64   | 2     | 150   |
    | 98   | 4     | 290   |
    | 75   | 3     | 180   |
    | 140  | 6     | 520   |
  }
  split:  random(train: 4, val: 2)
  input  home:  f32[2] = [area, rooms] - mean([area, rooms], over: rows)
#!                                                                 ^^^^ rows-outside-fit: `mean` asks for all rows
  target price: number = price |> standardize
}

model value on home: f32[2] -> number {
  home |> dense(6, tanh) as hidden |> dense(1) as out
}

train {
  model:     value
  data:      houses
  loss:      mse
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
