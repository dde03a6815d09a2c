{}
model on 