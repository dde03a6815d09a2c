model net on height: number -> logits {
  height |> dense(4,weighted_cross_entropytanh) as hidden |> dense
}
12     |
model number -> logits[2] {
  height |> dense(