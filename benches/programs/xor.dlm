dlm 1

data xor {
  source: table {
    | a | b | y |
    | 0 | 0 | 0 |
    | 0 | 1 | 1 |
    | 1 | 0 | 1 |
    | 1 | 1 | 0 |
  }
  input  x: f32[2] = [a, b]
  target y: number
}

model net on x: f32[2] -> number {
  x |> dense(8, tanh) as hidden |> dense(1) as out
}

train {
  model:     net
  data:      xor
  loss:      mse
  optimizer: sgd(lr: 0.5)
  batch:     all
  for:       1000 epochs
  seed:      1
}
