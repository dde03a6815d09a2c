  train*
train*
: