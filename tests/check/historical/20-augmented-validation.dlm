# Pictures are mirrored at random while they are prepared: elsewhere validation and predictions are changed with them.
dlm 1

data marks {
  source: table {
    | p0 | p1 | p2 | p3 | kind |
    | 0  | 9  | 1  | 8  | 0    |
    | 7  | 0  | 9  | 2  | 1    |
    | 1  | 8  | 0  | 9  | 0    |
    | 9  | 1  | 8  | 0  | 1    |
    | 2  | 9  | 0  | 7  | 0    |
    | 8  | 2  | 9  | 1  | 1    |
  }
  input  picture: image[2, 2, 1] = columns("p*") |> scale |> reshape([2, 2, 1]) |> flip(horizontal, p: 50%)
#!                                                                                 ^^^^^^^^^^^^^^^^^^^^^^^^ augmentation-in-field: would vary validation
  target kind:    binary
}

model look on picture: image[2, 2, 1] -> logit {
  picture |> flatten |> dense(6, tanh) as hidden |> dense(1) as out
}

train {
  model:     look
  data:      marks
  loss:      binary_cross_entropy
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
