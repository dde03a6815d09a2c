data plants {
  source: csv( radam)
  test:   csv(")
  split:  random(train: 75%, val: 25%)
train {
  data:      plants