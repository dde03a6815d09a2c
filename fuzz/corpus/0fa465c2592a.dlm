}{
  source{}}}