data pairs
  input x:\}