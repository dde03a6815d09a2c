# Layers. A layer is written for one example; `..` stands for axes that it leaves alone.

## y = act(x w + b): f32[.., I] becomes f32[.., units] (Rosenblatt, 1958). For example `x |> dense(32, relu) as hidden`.
layer dense(units: int, act: fn = identity, bias: bool = yes, init: fn = glorot)
  on x: f32[.., I] -> f32[.., units]
{
  param w: f32[I, units] ~ init
  param b: f32[units]    ~ zeros
  act(if bias then x @ w + b else x @ w)
}

## A row of a table for each class, f32[width] (Bengio et al., 2003); a row more for what is missing, where the class is
## optional.
## For example `word |> embed(16) as words`.
layer embed(width: int) on x: class[V]? -> f32[width] {
  param w: f32[V, width] ~ normal(0, 0.1)
  w[x]
}

layer embed(width: int) on x: tokens[T, V] -> f32[T, width] {
  param w: f32[V, width] ~ normal(0, 0.1)
  w[x]
}

## For an ordinal of so many `values` a score for being beyond each but the last. They differ by a bias alone, so that at the
## least `loss: coral` they fall from value to value (Cao et al., 2020, arXiv 1901.07884).
## The model gives `logit[K - 1]`. For example `features |> coral(5) as head`.
layer coral(values: int) on x: f32[N] -> logit[values - 1] {
  require values > 1, "an ordinal has two values at least"
  param w: f32[N, 1]       ~ glorot
  param b: f32[values - 1] ~ zeros
  score = x @ w
  for k in values - 1 => score[0] + b[k]
}

## All numbers of an example in one row: f32[H, W, C] becomes f32[H * W * C].
## For example `image |> flatten |> dense(10) as scores`.
layer flatten on x: f32[..] = reshape(x, [size(x)])

## In training each number is zero with probability `p`, the others grow by 1 / (1 - p) (Srivastava et al., 2014).
## For example `x |> dense(32, relu) as hidden |> dropout(20%)`.
layer dropout(p: prob = 50%) on x: f32[..] -> f32[..] =
  if training and p > 0 then dropped(x, p) else x
