{
train {sqrt(length)
  target  number
}
train {