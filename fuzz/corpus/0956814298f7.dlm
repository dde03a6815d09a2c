data roads {
  source: table f1  {
    ||
     300  |
    | 2     | |
 hinge     
  }
 limit] |> standardize
train {
  optimizer: adam(lr: 0.01)