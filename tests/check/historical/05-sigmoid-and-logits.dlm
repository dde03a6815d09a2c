# Sigmoid before a loss on scores: elsewhere no prediction is ever below one half.
dlm 1

data mails {
  source: table {
    | words | links | spam |
    | 120   | 0     | 0    |
    | 30    | 9     | 1    |
    | 80    | 1     | 0    |
    | 12    | 4     | 1    |
    | 200   | 2     | 0    |
    | 25    | 7     | 1    |
  }
  input  mail: f32[2] = [words, links] |> standardize
  target spam: binary
}

model filter on mail: f32[2] -> prob {
  mail |> dense(6, tanh) as hidden |> dense(1) as out |> sigmoid
#!                                                       ^^^^^^^ softmax-twice: `binary_cross_entropy` wants scores
}

train {
  model:     filter
  data:      mails
  loss:      binary_cross_entropy
#!           -------------------- softmax-twice
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
