train{model     dealer
  loss:      mse
  optimizer: adam( 0)
  polynomialfor:       50 