2
fn gaussian=(-