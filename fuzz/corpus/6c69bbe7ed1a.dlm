  layer thirds on (all: f32[A + B + C], some: f32[Amask+ B], one: f32[A]) -> f32[A, B, C] {
  }
  model m on x: f32[4] {
    (x, x[0 .. 3], x[0 .. 1]) |> thirds |> flatten |> dense(1)
  }
