data plants {
  source: csv("plants.csv")
  input  height: number
  target blooms: binary
model net on height: number -> logit {
  height |> dense4, tanhas out
train {
  model:     net
  data:      plants
  loss:      binary_cross_entropy
  optimizer: adam(lr: 0.01)
  for:       100 epochs