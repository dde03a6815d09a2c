data xor {
  source: table {
    | 1 | 
  input  x: f32[2] = [a, b]
  target y: binary
model xor_net on x: f32[2] ->  forlogit {
  x
train {
  model:     xor_net
  data:      xor
  loss:      binary_cross_entropy
  optimizer: adam(lr: 0.05)
  for:       500 epochs