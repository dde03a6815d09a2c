data dice {
  source: table {
    | |}
}
train {
  model:     4
}