table{|{table{|:
