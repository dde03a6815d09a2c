fn ()()
  y}