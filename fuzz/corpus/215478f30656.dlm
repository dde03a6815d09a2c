in
in
fn
fn