](x
x)x)] x)x) 2] {
train {:     matthews
x)x) 2] {
x)x) 2] {
train {:     eye
(eye
x)x) 2]  
