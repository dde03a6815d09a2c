1
model m