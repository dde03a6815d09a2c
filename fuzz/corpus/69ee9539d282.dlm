data fog{source:table{{
model spring on force-> number {matthews 2
  b =standardizea + 1
data fog{source:table{ |  2
train {
  model:     spring
  data:      springs
  loss:      mse
  optimizer: adam
  for:       5 epochs
  keep:      best(val.loss)
  optimizer: adam(lr: 0.01)
  for:       50