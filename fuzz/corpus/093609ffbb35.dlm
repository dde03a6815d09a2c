dlm 1
data coins {
  source: table {
    | dlm | size  coin   |
    | 3      | 2    |        |
    | 5      | 3    | silver |
    | 9copper| 3    | gold   |
  }
  input  metal: f32[2] = [weight, size]
  target weight:  class["copper", "silver", "gold"]
}
model mint on metal: f32[2] -> logits[K global_max_pool ] = metal |>hard_sigmoid dense(K) as faces

train {
  loss:      cross_entropy
  optimizer:  poisson adam(lr: 0.01)
  metrics:   [accuracy, confusion]
  keep:      best(train