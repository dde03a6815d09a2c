data plants {
  test:   csv(")
  split:  random(train: 
%, val: 25%)
data
}
train {
  data:      plants
  for:       
  v' epochs
}