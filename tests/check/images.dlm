# Layers for images and sequences: the sizes and settings that they take.

#! numbers windows of every kind are sound
  model m on x: f32[4] -> f32[1] {
    image = reshape(x, [2, 2, 1])
    a = image |> conv(3) as a
    b = image |> conv(3, kernel: [1, 2], stride: [2, 1], pad: [none, 1px], dilation: 2) as b
    c = a |> conv_transpose(2, stride: 2) as c |> conv(4, kernel: 1, stride: 2, groups: 2, pad: 0px) as f
    e = reshape(x, [4, 1]) |> conv(2, kernel: 4, pad: none) as e |> relu
    d = concat(a |> max_pool(2, pad: 1px) |> flatten, b |> flatten, c |> avg_pool |> flatten, e |> flatten)
    concat(a |> max_pool |> flatten, c |> global_avg_pool, d) |> dense(1) as out
  }

#! numbers a window that does not fit
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2, 1]) |> conv(3, pad: none) as c |> flatten |> dense(1) as out
#!                           ^^^^^^^^^^^^^^^^^^ requirement-unmet: the layer `conv`: the window is larger than what it passes over
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [4, 1]) |> max_pool(3, pad: 0px) |> flatten |> dense(1) as out
#!                        ^^^^^^^^^^^^^^^^^^^^^ requirement-unmet: the layer `max_pool`: the last places would be read by no window
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [4, 1]) |> max_pool(2, pad: 2px) |> flatten |> dense(1) as out
#!                        ^^^^^^^^^^^^^^^^^^^^^ requirement-unmet: not so here, where after = 2 and kernel = 2
  }

#! numbers channels that groups do not share
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2]) |> conv(3, groups: 2) as c |> flatten |> dense(1) as out
#!                        ^^^^^^^^^^^^^^^^^^ requirement-unmet: the groups do not divide the channels
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [1, 4]) |> group_norm(3) as g |> flatten |> dense(1) as out
#!                        ^^^^^^^^^^^^^ requirement-unmet: not so here, where groups = 3 and C = 4
  }

#! numbers settings that say nothing of a window
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2, 1]) |> conv(3, stride: 0) as c |> flatten |> dense(1) as out
#!                           ^^^^^^^^^^^^^^^^^^ requirement-unmet: kernel, stride and dilation begin at 1
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2, 1]) |> conv(3, pad: 1) as c |> flatten |> dense(1) as out
#!                                        ^ missing-unit: write 1px
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2, 1]) |> conv(3, pad: valid) as c |> flatten |> dense(1) as out
#!                                        ^^^^^ wrong-value: `pad` wants `same`, `none` or a length, like 1px, not `valid`
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2, 1]) |> conv(3, pad: -1px) as c |> flatten |> dense(1) as out
#!                                        ^^^^ out-of-range: a whole length from 0px on
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2, 1]) |> conv(3, pad: 2s) as c |> flatten |> dense(1) as out
#!                                        ^^ wrong-unit: `pad` wants a length, like 4px, not 2s
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2, 1]) |> conv(3, kernel: [3, 1, 1]) as c |> flatten |> dense(1) as out
#!                                           ^^^^^^^^^ wrong-value: 2 values, one for each axis, or one for all
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2, 1]) |> conv(3, kernel: 2.5) as c |> flatten |> dense(1) as out
#!                                           ^^^ wrong-value: `kernel` wants a whole number, not 2.5
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [2, 2, 1]) |> conv(3, kernel_size: 1) as c |> flatten |> dense(1) as out
#!                                   ^^^^^^^^^^^ unknown-argument: did you mean `kernel`?
  }

#! numbers an image of the wrong rank
  model m on x: f32[4] -> f32[1] = x |> conv(3) as c |> flatten |> dense(1) as out
#!                                      ^^^^^^^ rank-mismatch: the layer `conv` wants 3 axes of `x`, but there is 1

#! numbers a stride that does not divide the size that a definition promises
  layer halved(channels: int) on x: f32[H, W, C] -> f32[H / 2, W / 2, channels] = x |> conv(channels, stride: 2) as c
#!                                                      ^^^^^ inexact-division
  model m on x: f32[4] -> f32[1] = reshape(x, [1, 4, 1]) |> halved(2) as h |> flatten |> dense(1) as out

#! numbers a way back that takes away more than it wrote
  model m on x: f32[4] -> f32[1] {
    reshape(x, [4, 1]) |> conv_transpose(2, pad: 3px) as c |> flatten |> dense(1) as out
#!                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^ requirement-unmet: `pad` takes away more than a window
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    reshape(x, [4, 1]) |> conv_transpose(2, stride: 2, output_pad: 2) as c |> flatten |> dense(1) as out
#!                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ requirement-unmet: smaller than the stride
  }

#! numbers zeros around an axis
  model m on x: f32[4] -> f32[1] {
    wide = pad(x, 1, 2px) + pad(x, 2, 1, axis: last, with: 0.5)
    pad(wide, 0, 0, between: 1) |> dense(1) as out
  }

#! numbers
  model m on x: f32[4] -> f32[1] = pad(x, -1, 0) |> dense(1) as out
#!                                        ^^ out-of-range: `before` must be a whole number from 0 on

#! numbers
  model m on x: f32[4] -> f32[1] = pad(x, 1, 0, axis: 1) |> dense(1) as out
#!                                                    ^ unknown-axis

#! numbers a requirement of the user's own says what it was about
  layer folded(times: int, by: int = 2) on x: f32[N] -> f32[N] {
    require times < 4 and by < N, "more than three folds break the shell"
#!  --------------------------------------------------------------------- requirement-unmet: required here
    x * by^times
  }
  model m on x: f32[4] -> f32[1] = x |> folded(5) |> dense(1) as out
#!                                      ^^^^^^^^^ requirement-unmet: the layer `folded`: more than three folds break the shell

#! numbers what stands behind a requirement that is not met is not looked at
  layer halves(parts: int) on x: f32[N] -> f32[N / parts] {
    require mod(N, parts) == 0, "the parts are not equal"
#!  ----------------------------------------------------- requirement-unmet: required here
    reshape(x, [parts, N / parts])[0]
  }
  model m on x: f32[4] -> f32[1] = x |> halves(3) |> dense(1) as out
#!                                      ^^^^^^^^^ requirement-unmet: not so here, where N = 4 and parts = 3
