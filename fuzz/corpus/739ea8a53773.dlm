regularizer()
  "
}