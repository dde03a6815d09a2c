# Types and sizes: what axes say of each other, and what never happens silently.

#! numbers sizes are found in whatever order they stand
  layer join on (both: f32[N + M], one: f32[N]) -> f32[M] {
    both[N .. N + M]
  }
  layer first on (one: f32[N], both: f32[N + M]) -> f32[M] {
    both[N .. N + M]
  }
  model m on x: f32[4] -> f32[1] {
    a = (x, x[0 .. 1]) |> join
    b = (x[0 .. 2], x) |> first
    concat(a, b) |> dense(1)
  }

#! numbers
  layer thirds on (all: f32[A + B + C], some: f32[A + B], one: f32[A]) -> f32[A, B, C] {
    for i in A, j in B, k in C => all[i] + some[j] + one[i] + all[k]
  }
  model m on x: f32[4] -> f32[1] {
    (x, x[0 .. 3], x[0 .. 1]) |> thirds |> flatten |> dense(1)
  }

#! numbers two unknown sizes of one number are not guessed
  layer join on both: f32[N + M] -> f32[1] {
#!                        ^^^^^ size-unsolved: `N + M` is 4 for N = 1 and M = 3, and for N = 2 and M = 2 too
    [sum(both)]
  }
  model m on x: f32[4] -> f32[1] {
    x |> join |> dense(1)
  }

#! numbers a size that several fit is not guessed
  layer half on x: f32[ceil(N / 2)] -> f32[N] = concat(x, x)
#!                     ^^^^^^^^^^^ size-unsolved: `ceil(N / 2)` is 4 for N = 7, and for N = 8 too
  model m on x: f32[4] -> f32[1] {
    x |> half |> dense(1)
  }

#! numbers
  layer folded on x: f32[mod(N, 8)] -> f32[1] = [sum(x)]
#!                       ^^^^^^^^^ size-unsolved: `mod(N, 8)` is 4 for N = 4, and for N = 12 too
  model m on x: f32[4] -> f32[1] {
    x |> folded |> dense(1)
  }

#! numbers a size that one fits is found, whatever its formula
  layer squares on x: f32[N * N] -> f32[N, N] = reshape(x, [N, N])
  layer pairs on x: f32[N * (N - 1) / 2 + 1] -> f32[N] = x[0 .. N]
  layer cut on x: f32[ceil(N / 2) + floor(N / 3)] -> f32[N - 1] = x
  layer capped on x: f32[min(N, 9)] -> f32[N] = x
  model m on x: f32[4] -> f32[1] {
    a = x |> squares |> flatten
    b = x |> pairs
    c = x |> cut
    d = x |> capped
    concat(a, b, c, d) |> dense(1)
  }

#! numbers no size fits
  layer twice on x: f32[2 * N] -> f32[N] = x[0 .. N]
  model m on x: f32[4] -> f32[1] {
    x[0 .. 3] |> twice |> dense(1)
#!               ^^^^^ axis-mismatch: wants 2 * N on axis 0 of `x`, but there are 3
  }

#! numbers
  layer less on x: f32[N + 4] -> f32[N] = x[0 .. N]
  model m on x: f32[4] -> f32[1] {
    x |> less |> dense(1)
#!       ^^^^ axis-mismatch: wants N + 4 on axis 0 of `x`, but there are 4
  }

#! numbers one name is one size
  layer square on x: f32[N, N] -> f32[N] = x[0]
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2]) |> square |> dense(1) as a
    reshape(x, [4, 1]) |> square |> dense(1) as b
#!                        ^^^^^^ axis-mismatch: wants N = 4 on axis 1 of `x`, but there are 1
  }

#! numbers an exact division is exact to the end
  let parts: int = 3
  layer cut on x: f32[N] -> f32[N / parts * parts] = x
#!                              ^^^^^^^^^ inexact-division: this division of sizes leaves a rest
  model m on x: f32[4] -> f32[1] {
    x |> cut |> dense(1)
  }

#! numbers
  let parts: int = 3
  layer cut on x: f32[N] -> f32[floor(N / parts * parts)] = x
  layer large on x: f32[N] -> f32[N * 1000000000000000000 / 1000000000000000000] = x
  model m on x: f32[4] -> f32[1] {
    x |> cut |> large |> dense(1)
  }

#! numbers sizes below 1 and beyond all tensors
  layer window(k: int) on x: f32[T] -> f32[T - k + 1] {
    for t in T - k + 1 => sum(x[t ..  t + k])
#!           ^^^^^^^^^ size-out-of-range
  }
  model m on x: f32[4] -> f32[1] {
    x |> window(5) |> dense(1)
  }

#! numbers axes of size 1 never stretch
  model m on x: f32[4] -> f32[1] {
    column = reshape(x, [4, 1])
    column + x |> flatten |> dense(1)
#!  ^^^^^^^^^^ shape-mismatch: axes of size 1 are never stretched
  }

#! numbers a loss compares each with its own, never all with all
  model m on x: f32[4] -> f32[4, 4] = for i in 4, j in 4 => x[i] * x[j]
  data points {
    source: table {
      | a | b | c | d |
      | 1 | 2 | 3 | 4 |
    }
    input  x: f32[4] = [a, b, c, d]
    target y: f32[4] = x
  }
  train {
    loss: mse
#!        ^^^ loss-does-not-fit: `mse` does not take f32[4, 4] from the model and f32[4] from the data
  }

#! numbers what mixes the examples of a batch says so
  layer centre on x: f32[N] -> f32[N] across batch = x - mean(x, over: batch)
  model m on x: f32[4] -> f32[1] = x |> centre |> dense(3, tanh) as a |> dense(1) as b

#! numbers
  layer centre on x: f32[N] -> f32[N] = x - mean(x, over: batch)
#!                                                        ^^^^^ across-batch: the layer `centre` does not say that it does
#!      ------ across-batch
  model m on x: f32[4] -> f32[1] = x |> centre |> dense(1)

#! numbers
  model m on x: f32[4] -> f32[1] {
    place = rank(x, over: batch)
#!                        ^^^^^ across-batch: `rank` mixes the examples of a batch here
    place |> dense(1)
  }

#! numbers
  loss odd on (yhat: f32[N], y: f32[N]) = mean((yhat - y)^2) / (1 + mean(y^2, over: batch))
#!                                                                                  ^^^^^ across-batch: the loss `odd`
  train {
    loss: odd
  }

#! numbers
  fn breadth(x) = max(x, over: batch) - 1
#!                             ^^^^^ across-batch: the function `breadth`
  metric wide on (yhat: f32[1], y: f32[1]) -> score across batch = mean(breadth(yhat - y))
  train {
    metrics: [wide]
  }

#! numbers
  fn breadth(x) across batch = max(x, over: batch) - min(x, over: batch)
  metric wide on (yhat: f32[1], y: f32[1]) -> score = mean(breadth(yhat - y))
  train {
    metrics: [wide]
  }

#! numbers rows are for what is fitted
  model m on x: f32[4] -> f32[1] {
    x - mean(x, over: rows) |> dense(1)
#!                    ^^^^ rows-outside-fit
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    fit middle = mean(x, over: rows)
#!               ^^^^^^^^^^^^^^^^^^^ fit-outside-encoder
    x - middle |> dense(1)
  }

#! numbers
  encoder centred on x: number -> number = x - mean(x, over: rows)
#!                                                           ^^^^ rows-outside-fit
  data points {
    source: table {
      | a | y |
      | 1 | 2 |
    }
    input  x: number = a |> centred
    target y: number
  }
  model m on x: number -> f32[1] = x |> dense(1)

#! numbers a frozen layer keeps its statistics
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> batch_norm as norm |> dense(1) as b
  train {
    freeze norm
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> batch_norm as norm |> dense(1) as b
  train {
    freeze norm.scale
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> batch_norm as norm |> dense(1) as b
  train {
    freeze norm.scale, norm.shift
#!         ^^^^^^^^^^ frozen-statistics: help: freeze norm
  }

#! numbers named axes
  layer pool on x: f32[H = 2, W = 2] -> f32[H] = mean(x, over: W)
  model m on x: f32[4] -> f32[1] = reshape(x, [2, 2]) |> pool |> dense(1)

#! numbers
  layer pool on x: f32[H = 2, W = 2] -> f32[H] = mean(x, over: C)
#!                                                             ^ unknown-axis: its named axes are H and W
  model m on x: f32[4] -> f32[1] = reshape(x, [2, 2]) |> pool |> dense(1)

#! numbers
  layer pool on x: f32[H = 2, W = 3] -> f32[H] = mean(x, over: W)
  model m on x: f32[4] -> f32[1] = reshape(x, [2, 2]) |> pool |> dense(1)
#!                                                       ^^^^ axis-mismatch: wants 3 on axis 1 of `x`, but there are 2

#! numbers units take part in arithmetic
  let turn = 3 epochs
  train {
    for:      2 * turn
    schedule: cosine(warmup: turn / 2 + 1 epoch)
  }

#! numbers
  train {
    for: 1 epoch + 5 steps
#!       ^^^^^^^^^^^^^^^^^ mixed-units: `+` cannot join 1 epoch and 5 steps
  }

#! numbers
  train {
    for: 2 epochs * 3 epochs
#!       ^^^^^^^^^^^^^^^^^^^ mixed-units
  }

#! numbers
  train {
    schedule: cosine(warmup: 1 epoch + 3)
#!                           ^^^^^^^^^^^ mixed-units
  }

#! numbers a share of a time is a time
  train {
    for: 50% * 4 epochs
    schedule: cosine(warmup: min(2 epochs, 1 epoch))
  }

#! numbers
  train {
    schedule: cosine(warmup: min(2 epochs, 100 steps))
#!                           ^^^^^^^^^^^^^^^^^^^^^^^^ mixed-units: `min` cannot join 2 epochs and 100 steps
  }

#! numbers
  train {
    for: (2 epochs)^2
#!       ^^^^^^^^^^^^ mixed-units
  }

#! numbers
  train {
    at_most: 6 / 2min
#!           ^^^^^^^^ mixed-units
  }

#! numbers a number of updates needs its unit, whole or not
  train {
    schedule: cosine(warmup: 0.5)
#!                           ^^^ missing-unit: write 0.5 steps, or 0.5 epochs
  }

#! numbers
  let half = 10 epochs / 2
  train {
    for: half
    at_most: 90s - 0.5min
  }

#! numbers sizes of several inputs are found together
  layer both on (a: f32[2 * N + M], b: f32[N - M], c: f32[ceil(K / N)], d: f32[K + M]) -> f32[N, M, K] {
    for n in N, m in M, k in K => a[n] + b[0] + c[0] + d[k]
  }
  model m on x: f32[4] -> f32[1] {
    long = concat(x, x[0 .. 1])
    (long, x[0 .. 1], x, concat(x, x)) |> both |> flatten |> dense(1)
  }

#! numbers
  layer cut on (a: f32[ceil(N / 2)], b: f32[N]) -> f32[N] = b
  model m on x: f32[4] -> f32[1] = (x[0 .. 2], x) |> cut |> dense(1)

#! numbers what contradicts is named
  layer both on (a: f32[N + M], b: f32[N - M], c: f32[K]) -> f32[1] = [sum(a) + sum(b) + sum(c)]
  model m on x: f32[4] -> f32[1] = (x, x[0 .. 3], x) |> both |> dense(1)
#!                                                      ^^^^ sizes-contradict: no sizes fit both `N + M` = 4 and `N - M` = 3, which the layer `both` is given

#! numbers
  layer both on x: f32[2 * (N + M)] -> f32[1] = [sum(x)]
  model m on x: f32[4] -> f32[1] = x[0 .. 3] |> both |> dense(1)
#!                                              ^^^^ sizes-contradict: no sizes fit `2 * (N + M)` = 3, which the layer `both` is given

#! numbers named axes meet those of their name
  model m on x: f32[4] -> f32[1] {
    param a: f32[H = 2, W = 2] ~ zeros
    param b: f32[W = 2, H = 2] ~ zeros
    [sum(x) + sum(a + transpose(b))] |> dense(1)
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    param a: f32[H = 2, W = 2] ~ zeros
    param b: f32[W = 2, H = 2] ~ zeros
    [sum(x) + sum(a + b)] |> dense(1)
#!                ^^^^^ axes-differ: the axis `W` meets the axis `H` in `+`
  }

#! numbers a layer has names of its own, and gives back those that it got
  layer mixed on x: f32[T = 2, D = 2] -> f32[T = 2, D = 2] {
    param w: f32[D = 2, E = 2] ~ zeros
    x @ w + x
#!  ^^^^^^^^^ axes-differ: the axis `E` meets the axis `D` in `+`
  }
  model m on x: f32[4] -> f32[1] = reshape(x, [2, 2]) |> mixed |> flatten |> dense(1)

#! numbers
  layer mixed on x: f32[T = 2, D = 2] -> f32[T = 2, D = 2] {
    param w: f32[D = 2, 2] ~ zeros
    x @ w + x
  }
  layer turned on x: f32[A = 2, B = 2] -> f32[B = 2, A = 2] = transpose(x)
  model m on x: f32[4] -> f32[1] {
    param a: f32[H = 2, W = 2] ~ zeros
    b = a + (a |> mixed) + (a |> turned |> turned)
    [sum(x) + sum(b)] |> dense(1)
  }

#! numbers
  layer turned on x: f32[A = 2, B = 2] -> f32[B = 2, A = 2] = transpose(x)
  model m on x: f32[4] -> f32[1] {
    param a: f32[H = 2, W = 2] ~ zeros
    b = a + (a |> turned)
#!      ^^^^^^^^^^^^^^^^^ axes-differ: the axis `W` meets the axis `H` in `+`
    [sum(x) + sum(b)] |> dense(1)
  }

#! numbers
  layer turned on x: f32[A = 2, B = 2] -> f32[B = 2, A = 2] = x
#!                                                            ^ axis-order: wants the axis `B` as axis 0 of `result`, but there is `A`
  model m on x: f32[4] -> f32[1] = reshape(x, [2, 2]) |> turned |> flatten |> dense(1)

#! numbers
  layer rows on x: f32[W = 2, H = 2] -> f32[1] = [sum(x)]
  model m on x: f32[4] -> f32[1] {
    param a: f32[H = 2, W = 2] ~ zeros
    concat(x, a |> rows) |> dense(1)
#!                 ^^^^ axis-order: the layer `rows` wants the axis `W` as axis 0 of `x`, but there is `H`
  }
