(
data plants{ignore   optimizerdlm  for}