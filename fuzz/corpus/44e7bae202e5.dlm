train
  :}