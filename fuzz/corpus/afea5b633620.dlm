model m on x:f32[4]->f32[1]=(x,
2x)