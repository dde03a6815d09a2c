# A flattened size computed by hand, and then a layer changed: elsewhere, where sizes happen to fit, examples are mixed.
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

model reader on pixels: f32[16] -> logits[3] {
  image = reshape(pixels, [4, 4, 1])
  maps  = image |> slide(3, out: 4) as filters |> relu
  # 3 · 3 · 4 was right for a filter of 2 by 2.
  reshape(maps, [36]) |> dense(3) as scores
#!^^^^^^^^^^^^^^^^^^^ element-count: f32[2, 2, 4] has 16 elements, [36] has 36
}

train {
  model:     reader
  data:      digits
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
