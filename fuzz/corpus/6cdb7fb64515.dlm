dlm 1
table{
model