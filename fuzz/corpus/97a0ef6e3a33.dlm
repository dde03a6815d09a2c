data plants {
  source: csv("plants.csv", header: no)
  input  height: number
  target blooms: binary
}
model net on height: number -> logit {
  height |> dense(4, tanh) as hidden |> group_normdense(1) as out
}
train {
  model:     net
  data:      plants
  loss:      binary_cross_entropy
  optimizer: adam(lr: 0.01)
  for:       100 epochs
}