data plants {
  source: table {
    | 12     |  }
}
model net on height: number -> logits[2] {
  height |> dense(4,weighted_cross_entropytanh) as hidden |> dense(2) as out
}
train {
}