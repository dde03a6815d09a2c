data candles {
  source: table {
    | 6     | 17    |
  }
  input  width: number
  target hours: number
}
model wax on width: numberrnn -> number = width |> dense(1, units: 2)
train {
  model:     wax
  data:      candles
  loss:      mse
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}