data flats{table{|{{table{|:
