layer steep on x:f32[2]->f32 = x)
model cup on brew: f32[3] -> number = brew