# A residual sum of different channels: elsewhere one channel is added to all, by stretching.
dlm 1

data digits {
  source: table {
    | a | b | c | d | e | f | g | h | i | j | k | l | m | n | o | p | digit |
    | 0 | 9 | 9 | 0 | 9 | 0 | 0 | 9 | 9 | 0 | 0 | 9 | 0 | 9 | 9 | 0 | zero  |
    | 0 | 9 | 9 | 0 | 0 | 9 | 9 | 0 | 0 | 9 | 9 | 0 | 0 | 9 | 9 | 0 | one   |
    | 9 | 9 | 9 | 9 | 0 | 0 | 9 | 9 | 0 | 9 | 9 | 0 | 0 | 9 | 0 | 0 | seven |
    | 0 | 8 | 9 | 0 | 9 | 0 | 0 | 8 | 8 | 0 | 0 | 9 | 0 | 9 | 8 | 0 | zero  |
    | 0 | 8 | 9 | 0 | 0 | 9 | 8 | 0 | 0 | 9 | 9 | 0 | 0 | 8 | 9 | 0 | one   |
    | 9 | 8 | 9 | 9 | 0 | 0 | 8 | 9 | 0 | 9 | 8 | 0 | 0 | 8 | 0 | 0 | seven |
  }
  input  pixels: f32[16] = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] |> scale(0 .. 1)
  target digit:  class["zero", "one", "seven"]
}

## A square of weights that slides over the image.
layer slide(k: int, out: int) on x: f32[H, W, C] -> f32[H - k + 1, W - k + 1, out] {
  param w: f32[k, k, C, out] ~ he_normal
  for i in H - k + 1, j in W - k + 1, o in out => sum(for a in k, b in k, c in C => x[i + a, j + b, c] * w[a, b, c, o])
}

## What goes in, and what a filter makes of it.
layer residual(out: int) on x: f32[H, W, C] -> f32[H, W, out] {
  y = x |> slide(1, out: out) as inner
  x + relu(y)
#!^^^^^^^^^^^ shape-mismatch: `+` cannot join f32[4, 4, 1] and f32[4, 4, 8]
}

model reader on pixels: f32[16] -> logits[3] {
  reshape(pixels, [4, 4, 1]) |> residual(8) as block |> flatten |> dense(3) as scores
}

train {
  model:     reader
  data:      digits
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
