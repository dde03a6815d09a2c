data plants {
input  height: number
  target color: class["red"
train {
  data:      plants