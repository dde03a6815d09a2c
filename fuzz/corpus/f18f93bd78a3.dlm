data plants {
}
model net on  number -> logit {
}
train {
  data:      tied_to
}