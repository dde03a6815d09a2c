data line {
  source: table {
    | x | y |
    | 1 | 2 |
    | 2 | 4 |
  }
  input  x: number
  target y: number
}
model straight on x: number -> number {
  guess = x |> dense(1)
  guess
}
train {
  model: straight
  data: line
onloss: mse
  optimizer: sgd
  for: 10 steps
}