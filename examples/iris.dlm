dlm 1

## Three kinds of iris, told apart by four lengths in centimetres.
##
## The lesson: inputs of different sizes pull with different strength. `standardize` gives each of them mean 0 and
## deviation 1, measured on the training flowers alone; the numbers travel in the artifact, so predictions are made from
## centimetres too.
data iris {
  source: csv("data/iris/iris.csv")
  split:  stratified(train: 60%, val: 20%, test: 20%, by: species)

  input  lengths: f32[4] = columns("*_cm") |> standardize
  target species: class["setosa", "versicolor", "virginica"] = target
}

model net on lengths: f32[4] -> logits[K] {
  lengths
  |> dense(16, tanh) as hidden
  |> dense(K)        as head
}

train {
  model:     net
  data:      iris
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  batch:     16
  for:       60 epochs
  metrics:   [accuracy]
  stop:      patience(val.loss, 15 epochs)
  seed:      1
}
