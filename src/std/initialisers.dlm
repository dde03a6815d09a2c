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
