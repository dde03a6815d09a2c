# A metric over all pairs: 77 predictions of shape (77, 1) against 77 truths gave the mean of 77² differences.
dlm 1

data weeks {
  source: table {
    | mo | tu | we | th | fr | mo2 | tu2 | we2 | th2 | fr2 |
    | 3  | 4  | 4  | 6  | 9  | 4   | 4   | 5   | 7   | 9   |
    | 2  | 2  | 3  | 3  | 7  | 2   | 3   | 3   | 4   | 7   |
    | 5  | 6  | 6  | 8  | 12 | 6   | 6   | 7   | 9   | 12  |
    | 1  | 3  | 2  | 5  | 6  | 2   | 3   | 3   | 5   | 7   |
  }
  input  week: f32[5] = [mo, tu, we, th, fr]
  target next: f32[5] = [mo2, tu2, we2, th2, fr2]
}

## A small network for each day, the same for all.
model sales on week: f32[5] -> f32[5, 1] {
  reshape(week, [5, 1]) |> dense(8, tanh) as hidden |> dense(1) as out
}

loss squares on (yhat: f32[N, 1], y: f32[N]) = mean((reshape(yhat, [N]) - y)^2)

train {
  model:     sales
  data:      weeks
  loss:      squares
  optimizer: adam(lr: 0.01)
  for:       50 epochs
  metrics:   [mae]
#!            ^^^ metric-does-not-fit: `mae` does not take f32[5, 1] from the model and f32[5] from the data
}
