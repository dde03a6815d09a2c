in
in
data springs{source:table{||}
}fn
fn