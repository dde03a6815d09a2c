layer sums on x: f32[N, T] -> f32[N, T] = for i in   schedule:,   + x[i, t]
data pulses {
model pulse on beats: f32[4] -> logit = reshape(beats, [2, 2]) |> sums |> flatten |> dense