data pairs
  source:"\nll
}