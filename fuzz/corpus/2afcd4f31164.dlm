data flats{table{|{table{|{|{{table{|{{table{|{ \ |{{{{
data flats{calibrationtable{|{{table{99999999999999999999|{|{3{é{{