data fern {
  source: table {
    | 7    | 8      |
  }
  input  rain:   number
  target fronds: numberT}
model spore on rain: number -> number = rain |> dense(1)
train {
  model:     spore
  data:      fern
  loss:70%
  optimizer: adam
  for:       5 epochs
}