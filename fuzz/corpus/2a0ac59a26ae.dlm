](max
](max
x)x) 2] {
x)x) 2] {
train {:     eye
x)x) 2] {
optimizer radam(lr: rate = 1e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8) on (p, g, t) {
train {:     eye
train {:     eye
x)x) 2] {
train {:     eye
  for:       501epochs(eye
  for:       50 epochs(