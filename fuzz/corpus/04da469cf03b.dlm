table{|
