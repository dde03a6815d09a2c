# Normalisation: numbers brought to a mean of 0 and a variance of 1, then scaled and shifted.

## Mean 0 and variance 1 over the features of each example, then scale and shift (Ba et al., 2016). For example
## `x |> layer_norm as even`.
layer layer_norm(eps: real = 1e-5) on x: f32[.., D] -> f32[.., D] {
  param scale: f32[D] ~ ones
  param shift: f32[D] ~ zeros
  unit_variance(x, eps) * scale + shift
}

## Mean 0 and variance 1. What lies above the mean and what lies below it are equal, so no gradient reaches the mean through
## the variance.
fn unit_variance(x: f32[D], eps: real) {
  c = x - stop_gradient(mean(x))
  (x - mean(x)) * (1 / sqrt(mean(c^2) + eps))
}

## The features of each example divided by the root of the mean of their squares, then scaled (Zhang & Sennrich, 2019).
## For example `x |> rms_norm as even`.
layer rms_norm(eps: real = 1e-6) on x: f32[.., D] -> f32[.., D] {
  param scale: f32[D] ~ ones
  unit_square(x, eps) * scale
}

## A mean of squares of 1.
fn unit_square(x: f32[D], eps: real) = x * (1 / sqrt(mean(x^2) + eps))

## Mean 0 and variance 1 of each channel over the batch and all places, then scale and shift (Ioffe & Szegedy, 2015).
## Predictions use the running mean and variance. As in PyTorch, `momentum` is the share of the newest batch, and the
## variance that is remembered divides by one less than the numbers that it is of.
## For example `image |> conv(16, bias: no) as edges |> batch_norm as even |> relu`.
layer batch_norm(momentum: real = 0.1, eps: real = 1e-5) on x: f32[.., C] -> f32[.., C] across batch {
  param scale: f32[C] ~ ones
  param shift: f32[C] ~ zeros
  state m: f32[C] ~ 0
  state v: f32[C] ~ 1
  places = reshape(x, [size(x) / C, C])
  n      = sum(1, over: batch) * (size(x) / C)
  now    = if training then mean(places, over: [batch, 0]) else m
  # What lies above the mean and what lies below it are equal: no gradient reaches the mean through the variance.
  still  = stop_gradient(now)
  var    = if training then mean((places - still)^2, over: [batch, 0]) else v
  m' = (1 - momentum) * m + momentum * now
  v' = (1 - momentum) * v + momentum * var * n / max(n - 1, 1)
  (x - now) * (scale / sqrt(var + eps)) + shift
}

## Mean 0 and variance 1 over all places and the channels of one group, of each example alone, then scale and shift of
## each channel (Wu & He, 2018). For example `image |> conv(32, bias: no) as edges |> group_norm(8) as even |> relu`.
layer group_norm(groups: int = 32, eps: real = 1e-5) on x: f32[.., C] -> f32[.., C] {
  require groups > 0 and mod(C, groups) == 0, "the groups do not divide the channels"
  param scale: f32[C] ~ ones
  param shift: f32[C] ~ zeros
  n = C / groups
  c = x - each(mean(reshape(x, [size(x) / C, groups, n]), over: [0, 2]), n)
  v = each(mean(reshape(c, [size(x) / C, groups, n])^2, over: [0, 2]), n)
  c * (scale / sqrt(v + eps)) + shift
}

## Each number `n` times.
fn each(x: f32[G], n: int) = reshape(expand(x, 1, n), [G * n])

## Mean 0 and variance 1 of each channel over the places of each example, then scale and shift (Ulyanov et al., 2016).
## For example `image |> conv(32, bias: no) as edges |> instance_norm as even |> relu`.
layer instance_norm(eps: real = 1e-5) on x: f32[.., C] -> f32[.., C] {
  require size(x) > C, "there is only one place, which is its own mean"
  param scale: f32[C] ~ ones
  param shift: f32[C] ~ zeros
  c = x - mean(reshape(x, [size(x) / C, C]), over: 0)
  v = mean(reshape(c, [size(x) / C, C])^2, over: 0)
  c * (scale / sqrt(v + eps)) + shift
}
