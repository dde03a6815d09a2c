data menus
  source: table {
    | 2    | 5      |
  }
  input  dish:   class[3]
  target spoons: number
}
model cook on dish: class[3] -> number = dish |> embed(4) > dense(1)
train {
  model:     cook
  data:      menus
  loss:      mse
  optimizer: adam(lr: 0.01
  for:       50 epochs
