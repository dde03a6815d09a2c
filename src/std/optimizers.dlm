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

## As adagrad, with a memory that fades (Tieleman & Hinton, 2012).
optimizer rmsprop(lr: rate = 0.01, alpha: real = 0.99, eps: real = 1e-8) on (p, g) {
  state s ~ 0
  s' = alpha * s + (1 - alpha) * g^2
  p' = p - lr * g / (sqrt(s') + eps)
}
