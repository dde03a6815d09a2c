7
model   on