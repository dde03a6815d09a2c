optimizer patient()
  v'=0 reverse v
}