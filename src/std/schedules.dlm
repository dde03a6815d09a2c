# Schedules: the factor of the learning rate at the update `t`, counted from 1, of `total`. Each may rise from 0 first, over
# `warmup`.

fn warm(t, warmup: time) = if warmup > 0 then min(t / warmup, 1) else 1

## The part of the way behind the warm-up, from 0 to 1.
fn part(t, warmup: time, total: time) = min(max(t - 1 - warmup, 0) / max(total - warmup, 1), 1)

## Always the same.
schedule constant(warmup: time = 0 steps) on (t, total) = warm(t, warmup)

## Falls by `factor` after every `every`.
schedule staircase(every: time, factor: real = 0.1, warmup: time = 0 steps) on (t, total) =
  warm(t, warmup) * factor^floor((t - 1) / every)

## Falls smoothly, by `factor` in each `every`.
schedule exponential(every: time = 1 epoch, factor: real = 0.9, warmup: time = 0 steps) on (t, total) =
  warm(t, warmup) * factor^((t - 1) / every)

## Half a wave of the cosine, down to `floor` (Loshchilov & Hutter, 2017).
schedule cosine(warmup: time = 0 steps, floor: real = 0) on (t, total) =
  warm(t, warmup) * (floor + (1 - floor) * (1 + cos(pi * part(t, warmup, total))) / 2)

## A straight line down to `floor`.
schedule linear(warmup: time = 0 steps, floor: real = 0) on (t, total) =
  warm(t, warmup) * (1 - (1 - floor) * part(t, warmup, total))
