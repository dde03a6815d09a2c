model cook on dish: number -> number =  dense(1)
train {
  model:     cook
  data:      menus
  loss:      mse
  optimizer: adam(lr: 0.01)
  model:     cook
  data:      menus
  loss:      mse
  optimizer: adam(lr: 0.01)
}