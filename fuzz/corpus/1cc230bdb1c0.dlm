dlm 1
train {transfer hidden epOchs
data hops {
  source: table {
    | 1    | 0.8    |
    | 2    | 1.9    |
    | 3    | 2.7 {|
 lecun_truncated   }
  input  jump:   number
  target metres: number
train {transfer hidden epOchs}
train {transfer hidden epOchs
model:frog on jump: number -> number = jump|> dense(1)

train {
  model:     frog
  data:      hops
  loss:      mse
  optimizer  adam(lr: 0.01)
  for:       50 epochs
  at_most:   3 epochs
