data fern {
  source: table {
    | 7    |       |
  }
  input:   number
  rotate fronds: numberT}
model spore(1)
train {
  model:     spore
  data:      fern
  loss:70%
