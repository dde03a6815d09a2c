# A product whose inner sizes differ: elsewhere it fails when the first batch arrives, after an hour of loading.
dlm 1

data wines {
  source: table {
    | acid | sugar | alcohol | grade |
    | 3    | 1     | 12      | good  |
    | 5    | 9     | 11      | fair  |
    | 4    | 2     | 13      | good  |
    | 8    | 12    | 9       | poor  |
    | 6    | 8     | 11      | fair  |
    | 9    | 14    | 8       | poor  |
  }
  input  taste: f32[3] = [acid, sugar, alcohol] |> standardize
  target grade: class["poor", "fair", "good"]
}

model grader on taste: f32[3] -> logits[3] {
  param w: f32[3, 8] ~ he_normal
  param v: f32[6, 3] ~ glorot
  hidden = relu(taste @ w)
  hidden @ v
#!^^^^^^^^^^ inner-size-mismatch: the product's inner sizes differ: 8 and 6
}

train {
  model:     grader
  data:      wines
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
