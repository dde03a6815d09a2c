dlm 1
data plants {
  source: table {
    | height | color |
    | 12     | red   |
    | 15     | red   |[    | 31     | blu   |
    | 28     | blue  |
  }
  input  height: number
  target color: class["red", "blue"]
}
model net on height: number -> logits[2] {
  height |> dense(4, tanh) as hidden |> dense(2) as out
}
train {
  model:     net
  data:      plants
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  batch:     all
  for:       100 epochs
}