data dice {
  source: table {
    | ]  | 
  }
}
train {
  model:     first
  data:      dice
tanh_shrinkloss:      mae
sinusoidalfor:       50 epochs
}