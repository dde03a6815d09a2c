softplus
  :}