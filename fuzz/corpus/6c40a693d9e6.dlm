data violins
  target }