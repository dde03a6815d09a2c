table{|{|soft_shrink
fn max_poolfan_in(