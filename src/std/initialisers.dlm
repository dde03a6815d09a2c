# Initialisers: what a parameter starts as. `fan_in` and `fan_out` count the numbers that enter and leave one unit;
# they are given by the parameter's shape, whose last axis is the units'.

## Uniform, so that variances stay equal forward and backward (Glorot & Bengio, 2010).
fn glorot(fan_in: int, fan_out: int) = uniform(-sqrt(6 / (fan_in + fan_out)), sqrt(6 / (fan_in + fan_out)))

## As `glorot`, from a normal distribution.
fn glorot_normal(fan_in: int, fan_out: int) = normal(0, sqrt(2 / (fan_in + fan_out)))

## For layers before a relu (He et al., 2015).
fn he(fan_in: int) = uniform(-sqrt(6 / fan_in), sqrt(6 / fan_in))

## As `he`, from a normal distribution.
fn he_normal(fan_in: int) = normal(0, sqrt(2 / fan_in))

## Keeps the variance of what enters (LeCun et al., 1998).
fn lecun(fan_in: int) = uniform(-sqrt(3 / fan_in), sqrt(3 / fan_in))

## As `lecun`, from a normal distribution.
fn lecun_normal(fan_in: int) = normal(0, sqrt(1 / fan_in))

## From a normal distribution around 0, of which nothing beyond two deviations is drawn.
fn truncated_normal(deviation: real = 0.02) =
  deviation * sqrt(2) * erf_inverse(uniform(-0.9544997361036416, 0.9544997361036416))

## As `he_normal`, truncated; it is as wide as that one after the cut.
fn he_truncated(fan_in: int) = truncated_normal(sqrt(2 / fan_in) / 0.8796256610342398)

## As `lecun_normal`, truncated; it is as wide as that one after the cut.
fn lecun_truncated(fan_in: int) = truncated_normal(sqrt(1 / fan_in) / 0.8796256610342398)

## The number whose error function is `x`, for `x` between -0.996 and 0.996 (Giles, 2012).
fn erf_inverse(x) {
  w    = -log((1 - x) * (1 + x)) - 2.5
  high = 0.00021858087 + w * (-4.39150654e-6 + w * (-3.5233877e-6 + w * (3.43273939e-7 + w * 2.81022636e-8)))
  x * (1.50140941 + w * (0.246640727 + w * (-0.00417768164 + w * (-0.00125372503 + w * high))))
}
