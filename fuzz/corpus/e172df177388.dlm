data plants {
model > on leaf: f32[2] -> logit 
  leaf |> dense(4,out
}
  leaf |>as hidden |> dense(1) as out
train {
  model m on  dense(1)
  batch     all
  for:       100 epochs