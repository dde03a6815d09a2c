data plants{"

  adam notes
  ignore()
  for: