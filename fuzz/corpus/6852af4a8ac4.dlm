  train{
train{privacy{