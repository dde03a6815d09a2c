train{
model
  model
table{|{|: