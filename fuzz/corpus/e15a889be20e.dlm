net  {
}
train {
  model:     net
  model:     net
on:      binary_cross_entropy
  optimizer: adam(lr: 0.f32)     all
}