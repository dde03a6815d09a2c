data flats{table{|{{|:
fn fan_in(