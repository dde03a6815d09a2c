# Optimizers: the next value of one parameter tensor `p` from its gradient `g`, at the update `t`, counted from 1.

## One step down the gradient (Cauchy, 1847).
optimizer gradient_descent(lr: rate = 0.01) on (p, g) {
  p' = p - lr * g
}

## Gradient descent with a memory (Polyak, 1964), in its usual form or looking ahead (Nesterov, 1983; Sutskever et al., 2013).
optimizer sgd(lr: rate = 0.01, momentum: real = 0, nesterov: bool = no) on (p, g) {
  state v ~ 0
  v' = momentum * v + g
  p' = p - lr * (if momentum == 0 then g else if nesterov then g + momentum * v' else v')
}

## How much of its weight a memory that fades by `b` and began at 0 has given to what it saw: 1 - b^t, without loss of
## figures where `b` is near 1.
fn seen(b: real, t) = -expm1(t * log(b))

## Smoothed gradients over smoothed squares (Kingma & Ba, 2015).
optimizer adam(lr: rate = 1e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8) on (p, g, t) {
  state m ~ 0
  state v ~ 0
  m' = b1 * m + (1 - b1) * g
  v' = b2 * v + (1 - b2) * g^2
  p' = p - lr * (m' / seen(b1, t)) / (sqrt(v' / seen(b2, t)) + eps)
}

## Adam with weight decay beside the gradient (Loshchilov & Hutter, 2019).
optimizer adamw(lr: rate = 1e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8, decay: real = 0.01) on (p, g, t) {
  state m ~ 0
  state v ~ 0
  m' = b1 * m + (1 - b1) * g
  v' = b2 * v + (1 - b2) * g^2
  p' = p - lr * decay * p - lr * (m' / seen(b1, t)) / (sqrt(v' / seen(b2, t)) + eps)
}

## Each number's step shrinks with all squares that it has seen (Duchi et al., 2011).
optimizer adagrad(lr: rate = 0.01, eps: real = 1e-10) on (p, g) {
  state s ~ 0
  s' = s + g^2
  p' = p - lr * g / (sqrt(s') + eps)
}

## As adagrad, with a memory that fades (Tieleman & Hinton, 2012). `centred`: over the variance in place of the mean of the
## squares (Graves, 2013).
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
optimizer adadelta(lr: rate = 1.0, rho: real = 0.9, eps: real = 1e-6) on (p, g) {
  state s ~ 0
  state d ~ 0
  s' = rho * s + (1 - rho) * g^2
  step = sqrt(d + eps) / sqrt(s' + eps) * g
  d' = rho * d + (1 - rho) * step^2
  p' = p - lr * step
}

## Adam over the largest of the gradients, which fades, in place of their squares (Kingma & Ba, 2015).
optimizer adamax(lr: rate = 2e-3, b1: real = 0.9, b2: real = 0.999, eps: real = 1e-8) on (p, g, t) {
  state m ~ 0
  state u ~ 0
  m' = b1 * m + (1 - b1) * g
  u' = max(b2 * u, abs(g) + eps)
  p' = p - lr * (m' / seen(b1, t)) / u'
}

## Adam over the largest of its smoothed squares so far (Reddi et al., 2018).
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
## smoothed gradient as it is (Liu et al., 2020).
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
optimizer lion(lr: rate = 1e-4, b1: real = 0.9, b2: real = 0.99, decay: real = 0) on (p, g) {
  state m ~ 0
  c = b1 * m + (1 - b1) * g
  m' = b2 * m + (1 - b2) * g
  p' = p - lr * (where(c > 0, 1, where(c < 0, -1, 0)) + decay * p)
}

## Adam's steps with weight decay, each tensor's scaled to the length of the tensor itself: for large batches (You et al.,
## 2020).
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
