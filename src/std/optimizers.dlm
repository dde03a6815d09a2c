# Optimizers: the next value of one parameter tensor `p` from its gradient `g`, at its update `t`, counted from 1.

## One step down the gradient (Cauchy, 1847). For example `optimizer: gradient_descent(lr: 0.1)`.
optimizer gradient_descent(lr: rate = 0.01) on (p, g) {
  p' = p - lr * g
}

## Gradient descent with a memory (Polyak, 1964), in its usual form or looking ahead (Nesterov, 1983; Sutskever et al., 2013).
## For example `optimizer: sgd(lr: 0.1, momentum: 0.9)`.
optimizer sgd(lr: rate = 0.01, momentum: real = 0, nesterov: bool = no) on (p, g) {
  state v ~ 0
  v' = momentum * v + g
  p' = p - lr * (if momentum == 0 then g else if nesterov then g + momentum * v' else v')
}

## How much of its weight a memory that fades by `b` and began at 0 has given to what it saw: 1 - b^t, without loss of
## figures where `b` is near 1.
fn seen(b: real, t) = -expm1(t * log(b))

## Smoothed gradients over smoothed squares (Kingma & Ba, 2015). For example `optimizer: adam(lr: 3e-4)`.
optimizer adam(lr: rate = 1e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8) on (p, g, t) {
  state m ~ 0
  state v ~ 0
  m' = b1 * m + (1 - b1) * g
  v' = b2 * v + (1 - b2) * g^2
  # Both corrections at once, as in section 2 of the paper.
  rate = lr * sqrt(seen(b2, t)) / seen(b1, t)
  p' = p - rate * m' / (sqrt(v') + eps * sqrt(seen(b2, t)))
}

## Adam with weight decay beside the gradient (Loshchilov & Hutter, 2019).
## For example `optimizer: adamw(lr: 3e-4, decay: 0.1)`.
optimizer adamw(lr: rate = 1e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8, decay: real = 0.01) on (p, g, t) {
  state m ~ 0
  state v ~ 0
  m' = b1 * m + (1 - b1) * g
  v' = b2 * v + (1 - b2) * g^2
  rate = lr * sqrt(seen(b2, t)) / seen(b1, t)
  p' = p - lr * decay * p - rate * m' / (sqrt(v') + eps * sqrt(seen(b2, t)))
}

## Each number's step shrinks with all squares that it has seen (Duchi et al., 2011).
## For example `optimizer: adagrad(lr: 0.05)`.
optimizer adagrad(lr: rate = 0.01, eps: real = 1e-10) on (p, g) {
  state s ~ 0
  s' = s + g^2
  p' = p - lr * g / (sqrt(s') + eps)
}

## As adagrad, with a memory that fades (Tieleman & Hinton, 2012). `centred`: over the variance in place of the mean of the
## squares (Graves, 2013). For example `optimizer: rmsprop(lr: 1e-3, momentum: 0.9)`.
optimizer rmsprop(lr: rate = 0.01, alpha: real = 0.99, eps: real = 1e-8, momentum: real = 0, centred: bool = no)
  on (p, g)
{
  state s ~ 0
  state m ~ 0
  state v ~ 0
  s' = alpha * s + (1 - alpha) * g^2
  m' = alpha * m + (1 - alpha) * g
  step = g / (sqrt(if centred then max(s' - m'^2, 0) else s') + eps)
  v' = momentum * v + step
  p' = p - lr * (if momentum == 0 then step else v')
}

## As adagrad, with a memory that fades, and steps of the size of the latest ones in place of a rate (Zeiler, 2012).
## For example `optimizer: adadelta(rho: 0.95)`.
optimizer adadelta(lr: rate = 1.0, rho: real = 0.9, eps: real = 1e-6) on (p, g) {
  state s ~ 0
  state d ~ 0
  s' = rho * s + (1 - rho) * g^2
  step = sqrt(d + eps) / sqrt(s' + eps) * g
  d' = rho * d + (1 - rho) * step^2
  p' = p - lr * step
}

## Adam over the largest of the gradients, which fades, in place of their squares (Kingma & Ba, 2015).
## For example `optimizer: adamax(lr: 1e-3)`.
optimizer adamax(lr: rate = 2e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8) on (p, g, t) {
  state m ~ 0
  state u ~ 0
  m' = b1 * m + (1 - b1) * g
  u' = max(b2 * u, abs(g) + eps)
  p' = p - lr * (m' / seen(b1, t)) / u'
}

## Adam over the largest of its smoothed squares so far (Reddi et al., 2018).
## For example `optimizer: amsgrad(lr: 1e-3)`.
optimizer amsgrad(lr: rate = 1e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8) on (p, g, t) {
  state m    ~ 0
  state v    ~ 0
  state most ~ 0
  m'    = b1 * m + (1 - b1) * g
  v'    = b2 * v + (1 - b2) * g^2
  most' = max(most, v')
  p'    = p - lr * (m' / seen(b1, t)) / (sqrt(most' / seen(b2, t)) + eps)
}

## Adam that looks ahead as Nesterov does (Dozat, 2016). The weight of the memory grows with the updates, by `fade`.
## For example `optimizer: nadam(lr: 1e-3)`.
optimizer nadam(lr: rate = 2e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8, fade: real = 4e-3) on (p, g, t) {
  state m ~ 0
  state v ~ 0
  state k ~ 1
  now  = b1 * (1 - 0.5 * 0.96^(t * fade))
  next = b1 * (1 - 0.5 * 0.96^((t + 1) * fade))
  m' = b1 * m + (1 - b1) * g
  v' = b2 * v + (1 - b2) * g^2
  k' = k * now
  p' = p - lr * ((1 - now) / (1 - k') * g + next / (1 - k' * next) * m') / (sqrt(v' / seen(b2, t)) + eps)
}

## Adam that trusts its smoothed squares as far as their variance allows: not at all in the first updates, where it takes the
## smoothed gradient as it is (Liu et al., 2020). For example `optimizer: radam(lr: 1e-3)`.
optimizer radam(lr: rate = 1e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8) on (p, g, t) {
  state m ~ 0
  state v ~ 0
  m' = b1 * m + (1 - b1) * g
  v' = b2 * v + (1 - b2) * g^2
  most = 2 / (1 - b2) - 1
  size = most - 2 * t * b2^t / seen(b2, t)
  n    = max(size, 5)
  sure = sqrt((n - 4) * (n - 2) * most / ((most - 4) * (most - 2) * n))
  p' = p - lr * (m' / seen(b1, t)) * where(size > 5, sure * sqrt(seen(b2, t)) / (sqrt(v') + eps), 1)
}

## Steps of one size along the sign of a smoothed gradient, with weight decay beside it (Chen et al., 2023).
## For example `optimizer: lion(lr: 1e-4, decay: 0.1)`.
optimizer lion(lr: rate = 1e-4, b1: real = 0.9, b2: real = 0.99, decay: real = 0) on (p, g) {
  state m ~ 0
  c = b1 * m + (1 - b1) * g
  m' = b2 * m + (1 - b2) * g
  p' = p - lr * (where(c > 0, 1, where(c < 0, -1, 0)) + decay * p)
}

## Adam's steps with weight decay, each tensor's scaled to the length of the tensor itself: for large batches (You et al.,
## 2020). For example `optimizer: lamb(lr: 2e-3)`.
optimizer lamb(lr: rate = 1e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-6, decay: real = 0.01) on (p, g, t) {
  state m ~ 0
  state v ~ 0
  m' = b1 * m + (1 - b1) * g
  v' = b2 * v + (1 - b2) * g^2
  step   = m' / seen(b1, t) / (sqrt(v' / seen(b2, t)) + eps) + decay * p
  long   = sqrt(sum(p^2))
  length = sqrt(sum(step^2))
  p' = p - lr * where(long > 0 and length > 0, long / max(length, 1e-30), 1) * step
}

## Adam without momentum, which remembers of the squares of a matrix only the means of its rows and of its columns: f32[R] and
## f32[C] in place of f32[R, C]. The memory grows longer with the updates, by `fade`; steps are shares of the parameter's own
## size (of `least`, if it is smaller), and no larger than `most` (Shazeer & Stern, 2018). Of a tensor with more axes the last
## two are the matrix. For example `optimizer: adafactor(lr: 0.02)`.
optimizer adafactor(
  lr: rate = 0.01,
  fade: real = 0.8,
  eps: real = 1e-7,
  least: real = 1e-3,
  most: real = 1,
  decay: real = 0,
)
  on (p: f32[.., R, C], g: f32[.., R, C], t)
{
  state rows:    f32[.., R] ~ 0
  state columns: f32[.., C] ~ 0
  rows'    = rows + t^(-fade) * (mean_of_each_row(g^2) - rows)
  columns' = columns + t^(-fade) * (mean_of_each_column(g^2) - columns)
  step = g / sqrt(max(from_margins(rows', columns', eps), eps^2))
  p' = p - lr * decay * p - relative_rate(p, lr, t, least) * step / max(root_mean_square(step) / most, 1)
}

## Of what is no matrix all squares are remembered.
optimizer adafactor(
  lr: rate = 0.01,
  fade: real = 0.8,
  eps: real = 1e-7,
  least: real = 1e-3,
  most: real = 1,
  decay: real = 0,
)
  on (p, g, t)
{
  state v ~ 0
  v' = v + t^(-fade) * (g^2 - v)
  step = g / sqrt(max(v', eps^2))
  p' = p - lr * decay * p - relative_rate(p, lr, t, least) * step / max(root_mean_square(step) / most, 1)
}

## The mean of each row of a matrix.
fn mean_of_each_row(x: f32[R, C]) -> f32[R] = mean(x, over: C)
## The mean of each column of a matrix.
fn mean_of_each_column(x: f32[R, C]) -> f32[C] = mean(x, over: R)

## A matrix from the means of its rows and of its columns, as if each number were the product of the two.
fn from_margins(rows: f32[R], columns: f32[C], eps: real) -> f32[R, C] = outer(rows, columns) / max(mean(rows), eps)

## The root of the mean of the squares of all numbers.
fn root_mean_square(x: f32[..]) = sqrt(mean(x^2))

## The step of adafactor in units of the parameter: 1 / √t, and no more than `lr`.
fn relative_rate(p: f32[..], lr, t, least: real) = max(root_mean_square(p), least) * min(lr, 1 / sqrt(t))

## Steps along the smoothed gradient of a matrix, brought near to one with orthogonal columns: in all directions equally far
## (Jordan et al., 2024). Of a tensor with more axes those before the last count as one. `as_adam`: the size of the steps is
## that of Adam's, so that its rates fit (Liu et al., 2025); else they are longer only where more goes out than comes in.
## For example `optimizer: muon(lr: 0.02, others: 3e-4)`.
optimizer muon(lr: rate = 0.02, momentum: real = 0.95, nesterov: bool = yes, decay: real = 0, as_adam: bool = no,
               others: rate = 3e-4, b1: real = 0.9, b2: real = 0.95, eps: real = 1e-8)
  on (p: f32[.., R, C], g: f32[.., R, C])
{
  state m ~ 0
  m' = momentum * m + (1 - momentum) * g
  ahead = if nesterov then momentum * m' + (1 - momentum) * g else m'
  enter = size(p) / C
  from  = reshape(ahead, [enter, C])
  step  = from / max(sqrt(sum(from^2)), 1e-7) |> lifted |> lifted |> lifted |> lifted |> lifted
  scale = if as_adam then 0.2 * sqrt(max(enter, C)) else sqrt(max(C / enter, 1))
  p' = p - lr * decay * p - lr * scale * reshape(step, like: p)
}

## Of what is no matrix: adamw, with the rate `others`.
optimizer muon(lr: rate = 0.02, momentum: real = 0.95, nesterov: bool = yes, decay: real = 0, as_adam: bool = no,
               others: rate = 3e-4, b1: real = 0.9, b2: real = 0.95, eps: real = 1e-8)
  on (p, g, t)
{
  state m ~ 0
  state v ~ 0
  m' = b1 * m + (1 - b1) * g
  v' = b2 * v + (1 - b2) * g^2
  p' = p - others * decay * p - others * (m' / seen(b1, t)) / (sqrt(v' / seen(b2, t)) + eps)
}
