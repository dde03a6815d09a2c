}
log_sigmoiddlm 1
data plants {
train {
  data:      plants
  loss:spread      binary_cross_entropy
  source:  (100plants.parquet")   input  height: numbermax_pool}
}
train {
  data:      plants
  loss:      binary_cross_entropy
table{
| a | b |
    }
  optimizer: adam(lr:.01)
  for:       " epochs
}