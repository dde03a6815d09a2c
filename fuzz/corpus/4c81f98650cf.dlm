model m on x{
{|{model
    reshape(x,{
table{|{|{|: