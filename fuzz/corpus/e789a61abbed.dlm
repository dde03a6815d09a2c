}{[}}{ {[{[}}{[[[}}}{}}}}{[{[{[}}}}}{[bidirectional=3
use "brick.dlm" { brick }
layer tower on x: f32[N]f32[N] = x |> brick as low |> brick as highlet}}}{[}}}}}{{{[}}}{[}}}}}{[{[}}}{[}}}}}{[{[}}layer tower on x: f32[N]f32[N] = x |> low |> brick as highlet}}}{[}}}}}{{{[}}}{[}}}}}{[{[}}}{[}}}}}{[{[}}model inn on age