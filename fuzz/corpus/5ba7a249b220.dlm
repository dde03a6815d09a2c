layer smooth on x: f32[T]  {
  for z in T, level ~ 0 => {
    level' = 0.9 * level + 0.1 * x[t]
model pulse on beats: f32[4] -> logit = beats |> smooth |> dense(1) as out
