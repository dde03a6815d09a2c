on  f32[]([])
fn int