# Adapters: layers whose input is a parameter, which stays as it is; what they make of it is read in its place.

## w + alpha / rank · a b: a matrix learns through two narrow ones, whose product begins as zero (Hu et al., 2021, arXiv
## 2106.09685). The filters of a convolution are a matrix, too: for each output a column.
## For example `adapt lora(rank: 2) on *.w`.
layer lora(rank: int = 8, alpha: real = rank) on w: f32[I, O] -> f32[I, O] {
  require rank > 0, "a rank is 1 at least"
  require rank <= min(I, O), "a rank is at most the shorter side of the matrix"
  param a: f32[I, rank] ~ lecun_normal
  param b: f32[rank, O] ~ zeros
  w + alpha / rank * (a @ b)
}

layer lora(rank: int = 8, alpha: real = rank) on w: f32[W, I, O] -> f32[W, I, O] {
  require rank > 0, "a rank is 1 at least"
  require rank <= min(W * I, O), "a rank is at most the shorter side of the matrix"
  param a: f32[W, I, rank] ~ lecun_normal
  param b: f32[rank, O]    ~ zeros
  w + alpha / rank * (a @ b)
}

layer lora(rank: int = 8, alpha: real = rank) on w: f32[H, W, I, O] -> f32[H, W, I, O] {
  require rank > 0, "a rank is 1 at least"
  require rank <= min(H * W * I, O), "a rank is at most the shorter side of the matrix"
  param a: f32[H, W, I, rank] ~ lecun_normal
  param b: f32[rank, O]       ~ zeros
  w + alpha / rank * (a @ b)
}
