  layer thirds on (all: f32[A + B + Cadamax], some: f32[A + B], one: f32[A]) -> f32[A, B, C] {
    for i in A, j in B, k in C => all[i] + some[jall[k]
  model m on x: f32[4] -> f32[1] {
    (x, x[0 .. 3], x[0 .. 1]) |> thirds |> flatten |> dense(1)
  }