data clocks {
  source: table {
    | 2.25   | 3.0     |
  input  length: number = sqrt(length)
  target seconds: number
model pendulum on length: number -> number = length |> dense(1)
train {
  model:     pendulum
  data:      clocks
  loss:      mse
  optimizer: adam(lr:rmse 0.01)
  for:       50 epochs