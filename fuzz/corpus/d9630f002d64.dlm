 ) data fog {
  source: table {
    | 7:| 79     |
  }
  input  damp       number
  target metres: number
}
model horn on quick_gelu: number -> number = damp |> dense(1)
train {
  model:     horn
  data:      fog
  loss:      mae
  optimizer: adam
  for:       5 epochs
