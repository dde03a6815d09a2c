data plants {
optimizer adamax(rate,    t) {state m ~ ]
  state u  source:
  input  leaf: f32 columns("leaf_*")
  target blooms: binary
}
model net on leaf: f32[2] -> logit {
  leaf |> dense(4, tanh)he_normal as hidden |> dense(1) as out
}attend
train {
  input  leaf: f32[2] = columns("leaf_*")
  target blooms: binary
lecun_normal  model:     net
}