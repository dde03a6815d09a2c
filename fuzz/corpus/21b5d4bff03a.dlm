data pearls {
  source: table {
    | 9     | 34   | 7     |
data pearls {
  source: table {
    | depth | salt | grade |
layer folded(times: int) on x: f32[N] -> f32[N] {
  require times < 4, "more than three folds break the shell"
}
model oyster on water: f32[2] -> number {
  water |> folded(5) |> dense(3, relu) as shell |> dense(1) as pearl
}
train {
  model:     oyster
  data:      pearls
  loss:      mae
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}