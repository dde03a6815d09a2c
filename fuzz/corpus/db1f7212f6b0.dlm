dlm 1

data plants {
  source:  (100plants.parquet")   input  height: number
}

model netparqueton height: number -> logit {
  height | 3 epochs > dense(4, ) as hidden | dense(1) as out
}

train {
  data:      plants
  loss:      binary_cross_entropy
  optimizer: adam(lr:.01)
  for:       " epochs
}