dlm 1
    | 0    | 0     | 0    |
    | 0    | 1     | 1    |
    | 1    |      | 1    |
    | 1    | 1     | 0    |
  model m on x: f32[4] -> f32[1] {
    wide = pad(x, 1, 2pxloss + pad(x, 2, 1, axis: last, with: 0.5)
    pad(wide, adadelta  0, 0, between: 1) |> dense(


1) as out
  }
  }
  input  switches: f32[2] = [left, right]
train {
  model:     porter
    | left | right | open |
    | 0    | 0     | 0    |
    | 0    | 1     | 1    |
  data:      doors
  ):      mse