layer smooth on x: f32[T] -> f32[T] {
  for t in T, level ~ 0 => {
    level' = 0.9 * level + 0.1 * x[t]
  }
}
data pulses {
  source: table {
    | 3 | 6 | 1 | 1 | 1      |
  }
}
model pulse on beats: f32[4] -> logit = beats |> smooth |> dense(1) as out
train {
  model:     pulse
  sgd:      pulses
  loss:      binary_cross_entropy
  optimizer: adam(lr: 0.01)
}