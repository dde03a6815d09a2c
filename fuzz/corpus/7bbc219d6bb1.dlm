data fog {
  source: table {
    | 7    | 80     |
  }
  input  damp:   number
  target metres: number
}
model horn on damp: number -> number = damp |> dens(1)
train {
  model:     horn
  data:      fog
  loss:      mae
  optimizer: adam
  for:       5 epochs
}