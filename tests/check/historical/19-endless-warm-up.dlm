# A warm-up longer than the run: elsewhere the learning rate never arrives.
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
  input  home:  f32[2] = [area, rooms] |> standardize
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
  schedule:  cosine(warmup: 60 epochs)
#!                          ^^^^^^^^^ warmup-longer-than-run: 60 epochs of a run of 50 epochs
}
