[[[}}}{}}}}{[{[{[}}}}}{[bidirectional=3
 { brick }
layer tower on x: f32[N]f32[N] = x |> bnick as low |> brick as highlet}}}{[}}}}}{{{[}}}{[}}}}}{[{[}}}{[}}}}}{[{[}}layer tower on x: f32[N]f32[N] = x |> low |> brick as highlet}}}{[}}}}}framed{{[}}}{[}}}}}{[{[}}}{[}}}}}{[{[}}model inn}}on age top train{{[
-