m
model 1