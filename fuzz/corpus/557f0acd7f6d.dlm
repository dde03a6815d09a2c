|
train{fn int
fn