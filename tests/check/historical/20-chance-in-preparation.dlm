# Random changes among the preparation: elsewhere validation and predictions are changed with them.
dlm 1

data houses {
  source: table {
    | area | rooms | price |
    | 81   | 3     | 240   |
    | 120  | 5     | 410   |
    | 64   | 2     | 150   |
    | 98   | 4     | 290   |
    | 75   | 3     | 180   |
    | 140  | 6     | 520   |
  }
  input  home:  f32[2] = [area, rooms] |> standardize |> jitter
  target price: number = price |> standardize
}

## A little noise, so that few examples are like many.
fn jitter(x: f32[N]) = x + 0.1 * noise(normal, like: x)
#!                               ^^^^^^^^^^^^^^^^^^^^^^ noise-in-field: the formula of a field draws nothing

model value on home: f32[2] -> number {
  home |> dense(6, tanh) as hidden |> dense(1) as out
}

train {
  model:     value
  data:      houses
  loss:      mse
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
