# Initialisers: what a parameter starts as. `fan_in` and `fan_out` count the numbers that enter and leave one unit;
# they are given by the parameter's shape, whose last axis is the units'.

## Uniform, so that variances stay equal forward and backward (Glorot & Bengio, 2010). For example `param w: f32[3, 4] ~ glorot`.
fn glorot(fan_in: int, fan_out: int) = uniform(-sqrt(6 / (fan_in + fan_out)), sqrt(6 / (fan_in + fan_out)))

## As `glorot`, from a normal distribution. For example `param w: f32[3, 4] ~ glorot_normal`.
fn glorot_normal(fan_in: int, fan_out: int) = normal(0, sqrt(2 / (fan_in + fan_out)))

## For layers before a relu (He et al., 2015). For example `x |> dense(8, relu, init: he) as wide`.
fn he(fan_in: int) = uniform(-sqrt(6 / fan_in), sqrt(6 / fan_in))

## As `he`, from a normal distribution. For example `x |> dense(8, relu, init: he_normal) as wide`.
fn he_normal(fan_in: int) = normal(0, sqrt(2 / fan_in))

## Keeps the variance of what enters (LeCun et al., 1998). For example `x |> dense(8, selu, init: lecun) as wide`.
fn lecun(fan_in: int) = uniform(-sqrt(3 / fan_in), sqrt(3 / fan_in))

## As `lecun`, from a normal distribution. For example `x |> dense(8, selu, init: lecun_normal) as wide`.
fn lecun_normal(fan_in: int) = normal(0, sqrt(1 / fan_in))

## From a normal distribution around 0, of which nothing beyond two deviations is drawn.
## For example `param w: f32[3, 4] ~ truncated_normal(0.1)`.
fn truncated_normal(deviation: real = 0.02) =
  deviation * sqrt(2) * erf_inverse(uniform(-0.9544997361036416, 0.9544997361036416))

## As `he_normal`, truncated; it is as wide as that one after the cut.
## For example `param w: f32[3, 4] ~ he_truncated`.
fn he_truncated(fan_in: int) = truncated_normal(sqrt(2 / fan_in) / 0.8796256610342398)

## As `lecun_normal`, truncated; it is as wide as that one after the cut.
## For example `param w: f32[3, 4] ~ lecun_truncated`.
fn lecun_truncated(fan_in: int) = truncated_normal(sqrt(1 / fan_in) / 0.8796256610342398)

## Columns at right angles and of length `gain`, or rows, if there are fewer of these: what goes through keeps its length
## (Saxe et al., 2014). All such matrices are equally likely. Axes before the last count as one.
## For example `param w: f32[8, 8] ~ orthogonal`, `x |> dense(64, init: orthogonal) as wide`.
fn orthogonal(gain: real = 1) = gain * orthonormal(normal(0, 1))

## The matrix of the same singular vectors whose singular values are 1, of draws from a normal distribution. Their largest
## singular value is hardly ever above √rows + √C + 6 (Davidson & Szarek, 2001), and fourteen steps lift what is 10⁷ times smaller.
fn orthonormal(x: f32[.., C]) {
  rows = size(x) / C
  m    = reshape(x, [rows, C]) / (sqrt(rows) + sqrt(C) + 6)
  w    = m |> lifted |> lifted |> lifted |> lifted |> lifted |> lifted |> lifted
           |> lifted |> lifted |> lifted |> lifted |> lifted |> lifted |> lifted
           |> levelled |> levelled |> levelled
  reshape(w, like: x)
}

## The number whose error function is `x`, for `x` between -0.996 and 0.996 (Giles, 2012).
fn erf_inverse(x) {
  w    = -log((1 - x) * (1 + x)) - 2.5
  high = 0.00021858087 + w * (-4.39150654e-6 + w * (-3.5233877e-6 + w * (3.43273939e-7 + w * 2.81022636e-8)))
  x * (1.50140941 + w * (0.246640727 + w * (-0.00417768164 + w * (-0.00125372503 + w * high))))
}
