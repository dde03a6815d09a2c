# Layers. A layer is written for one example; `..` stands for axes that it leaves alone.

## y = act(x w + b).
layer dense(units: int, act: fn = identity, bias: bool = yes, init: fn = glorot)
  on x: f32[.., I] -> f32[.., units]
{
  param w: f32[I, units] ~ init
  param b: f32[units]    ~ zeros
  act(if bias then x @ w + b else x @ w)
}

## A row of a table for each class; a row more for what is missing, where the class is optional.
layer embed(width: int) on x: class[V]? -> f32[width] {
  param w: f32[V, width] ~ normal(0, 0.1)
  w[x]
}

layer embed(width: int) on x: tokens[T, V] -> f32[T, width] {
  param w: f32[V, width] ~ normal(0, 0.1)
  w[x]
}

## All numbers of an example in one row.
layer flatten on x: f32[..] = reshape(x, [size(x)])

## In training each number is zero with probability `p`, the others grow by 1 / (1 - p) (Srivastava et al., 2014).
layer dropout(p: prob = 50%) on x: f32[..] -> f32[..] =
  if training and p > 0 then dropped(x, p) else x

## Mean 0 and variance 1 over the features of each example, then scale and shift (Ba et al., 2016).
layer layer_norm(eps: real = 1e-5) on x: f32[.., D] -> f32[.., D] {
  param scale: f32[D] ~ ones
  param shift: f32[D] ~ zeros
  unit_variance(x, eps) * scale + shift
}

fn unit_variance(x: f32[D], eps: real) {
  c = x - mean(x)
  c / sqrt(mean(c^2) + eps)
}

## Mean 0 and variance 1 of each feature over the batch, then scale and shift (Ioffe & Szegedy, 2015). Predictions use
## the running mean and variance.
layer batch_norm(momentum: real = 0.1, eps: real = 1e-5) on x: f32[C] -> f32[C] across batch {
  param scale: f32[C] ~ ones
  param shift: f32[C] ~ zeros
  state m: f32[C] ~ 0
  state v: f32[C] ~ 1
  now = if training then mean(x, over: batch) else m
  var = if training then mean((x - now)^2, over: batch) else v
  m' = (1 - momentum) * m + momentum * now
  v' = (1 - momentum) * v + momentum * var
  (x - now) / sqrt(var + eps) * scale + shift
}
