# Two branches joined along the wrong axis: of equal sizes they fit, one above the other, and flattening hides it.
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

## Two filters side by side: their channels.
layer branches(out: int) on x: f32[H, W, C] -> f32[H, W, 2 * out] {
#!                                             ------------------ result-mismatch
  fine   = x |> slide(1, out: out) as fine
  coarse = relu(x |> slide(1, out: out) as coarse)
  concat(fine, coarse)
#!^^^^^^^^^^^^^^^^^^^^ result-mismatch: it gives f32[8, 4, 5]
}

model reader on pixels: f32[16] -> logits[3] {
  reshape(pixels, [4, 4, 1]) |> branches(5) as both |> flatten |> dense(3) as scores
}

train {
  model:     reader
  data:      digits
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}
