# Scores for one class less than there are: elsewhere the last label reads memory behind the scores.
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

model grader on taste: f32[3] -> logits[2] {
  taste |> dense(8, relu) as hidden |> dense(2) as scores
#!                                           ^ class-count: `grader` gives 2 scores but the data has 3 classes
}

train {
  model:     grader
  data:      wines
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
