layer sound on(x:f32[n])->f32[2] {}
