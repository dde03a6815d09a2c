# Functions: activations, and what formulas are made of. Written for one vector or one number; more axes in front are
# carried along.

## The ratio of a circle's circumference to its diameter.
let pi: real = 3.141592653589793

## `x`, unchanged.
fn identity(x) = x

## The positive part (Nair & Hinton, 2010).
fn relu(x) = max(x, 0)

## The positive part up to 6 (Krizhevsky, 2010).
fn relu6(x) = min(max(x, 0), 6)

## The positive part, and a little of the negative one (Maas et al., 2013).
fn leaky_relu(x, slope: real = 0.01) = where(x > 0, x, slope * x)

## Exponential linear unit (Clevert et al., 2016).
fn elu(x, alpha: real = 1.0) = where(x > 0, x, alpha * expm1(x))

## elu whose slope at 0 is 1 for every `alpha` (Barron, 2017).
fn celu(x, alpha: real = 1.0) = where(x > 0, x, alpha * expm1(x / alpha))

## The square of the positive part (So et al., 2021).
fn squared_relu(x) = max(x, 0)^2

## `x` above `at`, `value` at it and below.
fn threshold(x, at: real = 0, value: real = 0) = where(x > at, x, value)

## Scaled exponential linear unit (Klambauer et al., 2017).
fn selu(x) = 1.0507009873554805 * where(x > 0, x, 1.6732632423543772 * expm1(x))

## The logistic function: a number to a probability. Below -80 it stays what it is there, 2e-35, so that its gradient, in
## which the square of the divisor stands, is a number everywhere.
fn sigmoid(x) = 1 / (1 + exp(-max(x, -80)))

## log(sigmoid(x)), without loss of figures where sigmoid(x) is small.
fn log_sigmoid(x) = -softplus(-x)

## log(1 + exp(x)), without overflow (Dugas et al., 2001). The positive part is written as (x + |x|) / 2: at 0, where this
## function is smooth, its slope then is 1/2.
fn softplus(x) = (x + abs(x)) / 2 + log1p(exp(-abs(x)))

## x / (1 + |x|) (Bergstra et al., 2009).
fn softsign(x) = x / (1 + abs(x))

## Also called swish (Elfwing et al., 2018; Ramachandran et al., 2017).
fn silu(x) = x * sigmoid(x)

## silu with a steepness of its own: `beta` near 0 is a straight line, a large one a relu (Ramachandran et al., 2017).
fn swish(x, beta: real = 1.0) = x * sigmoid(beta * x)

## gelu by a logistic function (Hendrycks & Gimpel, 2016).
fn quick_gelu(x) = x * sigmoid(1.702 * x)

## Smooth gate (Misra, 2020).
fn mish(x) = x * tanh(softplus(x))

## Smooth gate by the normal distribution (Hendrycks & Gimpel, 2016).
fn gelu(x) = x / 2 * (1 + erf(sqrt(1 / 2) * x))

## gelu by a hyperbolic tangent (the same paper).
fn gelu_tanh(x) = x / 2 * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x^3)))

## A broken line in place of the logistic function (Courbariaux et al., 2015).
fn hard_sigmoid(x) = min(max(x / 6 + 1 / 2, 0), 1)

## A broken line in place of silu (Howard et al., 2019).
fn hard_swish(x) = x * hard_sigmoid(x)

## A broken line in place of tanh (Collobert, 2004).
fn hard_tanh(x) = min(max(x, -1), 1)

## What tanh takes away.
fn tanh_shrink(x) = x - tanh(x)

## Nearer to 0 by `width`, and 0 within it (Donoho & Johnstone, 1994).
fn soft_shrink(x, width: real = 0.5) = where(abs(x) > width, x - where(x > 0, width, -width), 0)

## 0 within `width`, unchanged outside (Donoho & Johnstone, 1994).
fn hard_shrink(x, width: real = 0.5) = where(abs(x) > width, x, 0)

## The first half of the numbers, each let through as far as the logistic function of its partner in the second half says (Dauphin et al., 2017).
fn glu(x: f32[2 * N]) -> f32[N] {
  (a, b) = split(x, 2)
  a * sigmoid(b)
}

## As `glu`, with silu for the gate (Shazeer, 2020).
fn swiglu(x: f32[2 * N]) -> f32[N] {
  (a, b) = split(x, 2)
  a * silu(b)
}

## As `glu`, with gelu for the gate (Shazeer, 2020).
fn geglu(x: f32[2 * N]) -> f32[N] {
  (a, b) = split(x, 2)
  a * gelu(b)
}

## As `glu`, with relu for the gate (Shazeer, 2020).
fn reglu(x: f32[2 * N]) -> f32[N] {
  (a, b) = split(x, 2)
  a * relu(b)
}

## The normal distribution's bell (Broomhead & Lowe, 1988).
fn gaussian(x) = exp(-x^2)

## Scores to probabilities that add up to one (Bridle, 1990).
fn softmax(z: logits[K]) -> prob[K] {
  part = softmax_part(z)
  part * (1 / sum(part))
}

## What a softmax divides by its sum: exp(z), without overflow.
fn softmax_part(z: f32[K]) = exp(z - stop_gradient(max(z)))

## Probabilities that are large where `x` is small.
fn softmin(x: f32[K]) -> prob[K] = softmax(-x)

## log(softmax(z)), without underflow.
fn log_softmax(z: logits[K]) -> log_prob[K] {
  d = z - stop_gradient(max(z))
  d - log(sum(exp(d)))
}

## The place of the largest number; of equal ones, the first.
fn argmax(z: f32[K]) = min(for k in K => where(z[k] == max(z), k, K))

## The place of an ordinal's value in its order, as a number from 0 on: the same distance from each to the next.
## For example `size |> level |> dense(4) as sizes`.
fn level(x: ordinal[K]) = reshape(cast(x, f32), [1])

## Of an ordinal of K values K - 1 numbers: 1 for each value that it is beyond, else 0. So what is learned of the step from one
## value to the next holds for all beyond it (Cheng et al., 2008). For example `size |> thermometer |> dense(4) as sizes`.
fn thermometer(x: ordinal[K]) = for k in K - 1 => where(x > k, 1, 0)

## How many of the scores `z` say yes: of an ordinal the value that is said, by the scores for being beyond each but the last.
fn said_level(z: f32[L]) = sum(for k in L => where(z[k] > 0, 1, 0))

## What a person reads of an output: probabilities where it holds scores.
fn probabilities(z: logits[K]) -> prob[K] = softmax(z)
fn probabilities(z: logit) -> prob = sigmoid(z)
fn probabilities(z: logit[K]) -> prob[K] = sigmoid(z)
fn probabilities(p: prob[K]) -> prob[K] = p
fn probabilities(l: log_prob[K]) -> prob[K] = exp(l)

## Each number of `a` times each number of `b`.
fn outer(a: f32[I], b: f32[J]) = for i in I, j in J => a[i] * b[j]

## A step of Newton and Schulz: each singular value s of `x` becomes a s + b s³ + c s⁵, its vectors stay
## (Björck & Bowie, 1971).
fn newton_schulz(x: f32[R, C], a: real, b: real, c: real) -> f32[R, C] {
  gram = if R > C then transpose(x) @ x else x @ transpose(x)
  more = b * gram + c * (gram @ gram)
  a * x + (if R > C then x @ more else more @ x)
}

## Small singular values 3.4 times as large, those around 1 kept between 0.68 and 1.13 (Jordan et al., 2024).
fn lifted(x: f32[R, C]) = newton_schulz(x, 3.4445, -4.7750, 2.0315)

## Singular values that are near 1 nearer: of the distance to 1 the third power is left, two and a half times.
fn levelled(x: f32[R, C]) = newton_schulz(x, 15 / 8, -10 / 8, 3 / 8)
