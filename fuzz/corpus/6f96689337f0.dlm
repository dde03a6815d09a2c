data plants {
  source: jsonl("plants.jsonl")
  input  leaf:    _     [3]
}
model net on leaf: f32[3] -> logit {
  leaf |> dense(4, tanh) as hidden |> dense(1) as out
}
train {
  model:     net
  data:      plants
  loss:      binary_cross_entropy
  optimizer: adam(lr: 0.01)
  batch:     all
  for:       100 epochs
}