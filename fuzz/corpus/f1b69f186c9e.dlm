data snow {
  source: table {
    | frost | cm |
    | 2     | 3  |
    | 6     | 10 |
    | 9     | 12 |
 global_avg_pool   input  frost: number = frost |> standardize
  target cm: number
model flakes on frost: number -> number = frost |> dense(3, relu) as low |> dense(5, relu) as high 