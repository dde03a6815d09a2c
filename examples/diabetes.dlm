dlm 1

## How far diabetes has progressed within a year, from ten measurements.
##
## The lesson: a mean square alone says nothing. Measure it against the dullest model there is, which always says the mean:
## `r2` is the share of that model's mean square that is explained, 0 for as dull, 1 for perfect. Few patients and much
## noise want a small model. The target is standardized for the loss; metrics and predictions come in the target's own units.
data diabetes {
  source: csv("data/diabetes/diabetes.csv")
  split:  random(train: 60%, val: 20%, test: 20%)

  input  body:        f32[9] = [age, bmi, bp, s1, s2, s3, s4, s5, s6] |> standardize
  input  sex:         class["1", "2"]
  target progression: number = target |> standardize
}

model net on (body: f32[9], sex: class[S]) -> number {
  concat(body, sex |> embed(1) as sexes)
  |> dense(8, tanh) as hidden
  |> dense(1)       as out
}

train {
  model: net
  data:  diabetes
  loss:  mse

  regularize {
    l2(5e-3) on *.w
  }

  optimizer: adam(lr: 5e-3)
  batch:     32
  for:       100 epochs
  metrics:   [r2, rmse, mae]
  stop:      patience(val.loss, 20 epochs)
  seed:      1
}
