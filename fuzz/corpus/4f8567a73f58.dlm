epochs
train
let