log_sigmoid
  step}}