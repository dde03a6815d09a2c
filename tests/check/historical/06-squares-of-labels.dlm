# Squared error on class labels: elsewhere class 2 counts as twice class 1, and nobody is told.
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

model grader on taste: f32[3] -> f32[1] {
  taste |> dense(8, relu) as hidden |> dense(1) as out
}

train {
  model:     grader
  data:      wines
  loss:      mse
#!           ^^^ loss-does-not-fit: `mse` does not take f32[1] from the model and class[3] from the data
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
