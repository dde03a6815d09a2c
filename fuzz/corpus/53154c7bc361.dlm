data slide {
  source:  table {
    | metres
    | 10     | 4       |
    | 40     | 9       |
    15      |
}
model sledge on metres: number -> number = metres |> dense(1)
train {
  data:      sli[e
