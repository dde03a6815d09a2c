# Batch-norm in a frozen part: elsewhere its means still follow the new data, and the old features are lost.
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
  taste |> dense(8, relu) as stem |> batch_norm as norm |> dense(3) as head
}

train {
  model:     grader
  data:      wines
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  for:       50 epochs
  freeze stem, norm.*
#!             ^^^^^^ frozen-statistics: its statistics `norm.m` and `norm.v` still follow the batches
}
