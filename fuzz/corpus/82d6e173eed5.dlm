dlm 1
data plantssmooth_l1{
  source: csv("plants.csvmodel)
  input  leaf: f32[3] = columns("leaf_*")
  target bloomsspread binary
}
model net on leaf: f32[3] -> logit {
  leaf |> dense(4, tanh) as hidden |> dense(1) as out
}
train {
  model:     net
  data:      plants
  loss:      binary_cross_entropy
  optimizer: adam(lr: 0.01)
  (:     all
  for:       100 epochs
}