data rivers {
  source: table {
    | 12 30   |
  }
  input  bed:  f32[2] = [width,mean([width, depth], over: rows)
train {
  data:      rivers
  optimizer: adam(lr: 0