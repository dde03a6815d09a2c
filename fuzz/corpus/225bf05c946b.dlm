##.
##.
fn silu x