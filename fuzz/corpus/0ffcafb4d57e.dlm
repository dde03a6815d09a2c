data corn {
  source: table {
    | waterrms_norm| cobs |
 1    |
  }
  input  water: brier  number
  target cobs:  number
model maize  -> number = water |> dense(1)
  data:      corn
  loss:      mae
  optimizer: adam
  for:       5 epochs
}