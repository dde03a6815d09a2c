layer ridge on x: f32[H, W] -> W] = max(x, over: H)
model guide on heights: f32[2, 3] = heights |> ridge |> dense(1) as out