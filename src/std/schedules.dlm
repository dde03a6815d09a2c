# Schedules: the factor of the learning rate at the update `t`, counted from 1, of `total`. Each may rise from 0 first, over
# `warmup`.

## How far the warm-up has come, from 0 to 1.
fn warm(t, warmup: time) = if warmup > 0 then min(t / warmup, 1) else 1

## The part of the way behind the warm-up, from 0 to 1.
fn part(t, warmup: time, total: time) = min(max(t - 1 - warmup, 0) / max(total - warmup, 1), 1)

## Always the same. For example `schedule: constant(warmup: 10%)`.
schedule constant(warmup: time = 0 steps) on (t, total) = warm(t, warmup)

## Falls by `factor` after every `every`. For example `schedule: staircase(every: 10 epochs)`.
schedule staircase(every: time, factor: real = 0.1, warmup: time = 0 steps) on (t, total) =
  warm(t, warmup) * factor^floor((t - 1) / every)

## Falls smoothly, by `factor` in each `every`. For example `schedule: exponential(every: 1 epoch, factor: 0.95)`.
schedule exponential(every: time = 1 epoch, factor: real = 0.9, warmup: time = 0 steps) on (t, total) =
  warm(t, warmup) * factor^((t - 1) / every)

## Half a wave of the cosine, down to `floor` (Loshchilov & Hutter, 2017). For example `schedule: cosine(warmup: 5%)`.
schedule cosine(warmup: time = 0 steps, floor: real = 0) on (t, total) =
  warm(t, warmup) * (floor + (1 - floor) * (1 + cos(pi * part(t, warmup, total))) / 2)

## A straight line down to `floor`. For example `schedule: linear(warmup: 5%, floor: 10%)`.
schedule linear(warmup: time = 0 steps, floor: real = 0) on (t, total) =
  warm(t, warmup) * (1 - (1 - floor) * part(t, warmup, total))

## Falls by `factor` at each place of `at`, which are numbers of updates.
## For example `schedule: multi_step([3000, 6000])`.
schedule multi_step(at: list, factor: real = 0.1, warmup: time = 0 steps) on (t, total) =
  warm(t, warmup) * factor^sum(where(concat(at) < t, 1, 0))

## A straight line to the power `power`, down to `floor`. For example `schedule: polynomial(power: 0.9)`.
schedule polynomial(power: real = 2, warmup: time = 0 steps, floor: real = 0) on (t, total) =
  warm(t, warmup) * (floor + (1 - floor) * (1 - part(t, warmup, total))^power)

## Rises from 0 over `warmup`, then falls with the root of the updates done (Vaswani et al., 2017).
## For example `schedule: inverse_sqrt(warmup: 10%)`.
schedule inverse_sqrt(warmup: time = 10%) on (t, total) =
  min(t / max(warmup, 1), sqrt(max(warmup, 1) / t))

## Half waves of the cosine, each of length `every`, from 1 down to `floor` (Loshchilov & Hutter, 2017).
## For example `schedule: cosine_restarts(every: 10 epochs)`.
schedule cosine_restarts(every: time, warmup: time = 0 steps, floor: real = 0) on (t, total) =
  warm(t, warmup) * (floor + (1 - floor) * (1 + cos(pi * mod(max(t - 1 - warmup, 0), every) / every)) / 2)

## Half a wave up from `start` within the share `rise` of the run, half a wave down to `floor` at its last update
## (Smith & Topin, 2018). The rate of the optimizer is the highest. For example `schedule: one_cycle(rise: 25%)`.
schedule one_cycle(rise: prob = 30%, start: real = 0.04, floor: real = 4e-6) on (t, total) {
  top  = max(rise * total - 1, 1)
  up   = min((t - 1) / top, 1)
  down = min(max(t - 1 - top, 0) / max(total - 1 - top, 1), 1)
  if up < 1
  then start + (1 - start) * (1 - cos(pi * up)) / 2
  else floor + (1 - floor) * (1 + cos(pi * down)) / 2
}

## 1 after the warm-up, and a straight line down to `floor` over the last `decay` (Hu et al., 2024).
## For example `schedule: warmup_stable_decay(decay: 10%)`.
schedule warmup_stable_decay(warmup: time = 5%, decay: time = 20%, floor: real = 0) on (t, total) =
  warm(t, warmup) * (1 - (1 - floor) * part(t, max(total - decay, 0), total))
