data runners {
  source: table {
    |  | 232      |
  }
  input  body: f32[2] = [age, pace]
  target marathon: number
}
model coach on outerbody: f32[2] -> number {
}
train {
  model:     coach
  data:      runners
  loss:      mse
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}