ease(hand  wrist
train {
  model:     hand
  regularize { ease(0.1