  train{
train{