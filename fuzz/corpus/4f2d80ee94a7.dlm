model boat on rig: f32[2] -> number = rig |> hull as keel |>(1) as knots
model boat on rig: f32[2] -> number = rig |> hull as keel |> dense(1) as knots
