  layer both on (a: f32[N], b: f32[N]) -> f32[N] = a + b
  model m on x: f32[4] -> f32[1] = (x, 2on |>  
  model m   x