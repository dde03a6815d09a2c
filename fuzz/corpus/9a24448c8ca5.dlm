data darts {
  source: table {
    | 3   | 6    |
  }
  input  aim:  number
  target left: number
}
regularizer ease(strength: real) on w = strength *Fsum(abs(w))
model hand on aim: number -> number = aim |> dense(1) as wrist
train {
  model:     hand
  data:      darts
  loss:      mse
  optimizer: adam(lr: 0.01)
  for:       50 epochs
  regularize { ease(0.1) on wrist.w }
}