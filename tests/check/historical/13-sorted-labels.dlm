# The last 20 % of sorted labels as validation: elsewhere the measure speaks of one class only.
dlm 1

data moths {
  source: table {
    | span | spots | kind |
    | 21   | 2     | owl  |
    | 24   | 1     | owl  |
    | 22   | 3     | owl  |
    | 25   | 2     | owl  |
    | 23   | 1     | owl  |
    | 51   | 6     | hawk |
    | 48   | 7     | hawk |
    | 55   | 5     | hawk |
    | 47   | 6     | hawk |
    | 53   | 8     | hawk |
  }
  split:  by_position(train: 80%, val: 20%)
#!        ^^^^^^^^^^^ sorted-split: so the val rows, which are the last, are all of the class `hawk`
  input  wing: f32[2] = [span, spots] |> standardize
  target kind: binary["owl", "hawk"]
}

model namer on wing: f32[2] -> logit {
  wing |> dense(6, tanh) as hidden |> dense(1) as out
}

train {
  model:     namer
  data:      moths
  loss:      binary_cross_entropy
  optimizer: adam(lr: 0.01)
  for:       50 epochs
  metrics:   [accuracy]
}
