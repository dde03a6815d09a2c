# The settings of a train block.

#! yes_no a run with every setting is sound
  train {
    batch:      16
    for:        5000 steps
    at_most:    20min
    seed:       7
    schedule:   cosine(warmup: 5%, floor: 1%)
    clip:       norm(1.0)
    precision:  fp32
    metrics:    [accuracy, f1, log_loss as surprise]
    validate:   every(250 steps)
    stop:       patience(val.loss, 3 epochs)
    keep:       best(val.surprise)
    checkpoint: every(1 epoch, keep: 3)
    regularize { l2(1e-4) on *.w, out.b }
    regularize {
      l1(1e-6) on hidden
      elastic(l1: 1e-6, l2: 1e-6) on out
    }
    lr 0.1x on hidden
    freeze out.b
  }

#! yes_no
  train {
    batch: all
    for: 0.5 epochs
    validate: every(30s)
    keep: last
    clip: value(0.5)
  }

#! yes_no
  train {
    batch: 1
    for: 1 step
    checkpoint: every(10min)
    stop: patience(train.loss, 100 steps)
  }

#! check settings that a run cannot do without
  train {
#!^^^^^ setting-missing: this train block needs `model`
#!^^^^^ setting-missing: this train block needs `data`
#!^^^^^ setting-missing: this train block needs `loss`
#!^^^^^ setting-missing: this train block needs `optimizer`
#!^^^^^ setting-missing: this train block needs `for`
    seed: 3
  }

#! yes_no a setting that belongs elsewhere is sent there
  train {
    learning_rate: 1e-3
#!  ^^^^^^^^^^^^^ unknown-setting: help: optimizer: adam(lr: 1e-3)
  }

#! yes_no
  train {
    lr: 1e-3
#!  ^^ unknown-setting: this belongs to the optimizer
  }

#! yes_no
  train {
    epochs: 10
#!  ^^^^^^ unknown-setting: help: for: 10 epochs
  }

#! yes_no
  train {
    batch_size: 64
#!  ^^^^^^^^^^ unknown-setting: help: batch: 64
  }

#! yes_no
  train {
    warmup: 5%
#!  ^^^^^^ unknown-setting: this belongs to the schedule
    schedule: cosine
  }

#! classes
  train {
    label_smoothing: 5%
#!  ^^^^^^^^^^^^^^^ unknown-setting: help: loss: cross_entropy(label_smoothing: 5%)
  }

#! yes_no
  train {
    metric: accuracy
#!  ^^^^^^ unknown-setting: did you mean `metrics`?
  }

#! yes_no
  train {
    split: random(train: 80%)
#!  ^^^^^ unknown-setting: this belongs to the data
  }

#! yes_no
  train {
    dropout: 20%
#!  ^^^^^^^ unknown-setting: this is a layer
  }

#! yes_no a setting given twice
  train {
    batch: 3
#!  ----- setting-twice
    batch: 4
#!  ^^^^^ setting-twice: `batch` is set twice
  }

#! check
  data points {
    source: csv("a.csv")
    source: csv("b.csv")
#!  ^^^^^^ setting-twice
    input x: number
    target y: number
  }
  model m on x: number -> f32[1] = x |> dense(1)
  train { model: m; data: points; loss: mse; optimizer: adam; for: 1 epoch }

#! yes_no a length wants epochs or steps
  train {
    for: 10
#!       ^^ missing-unit: write 10 epochs, or 10 steps
  }

#! yes_no
  train {
    for: 10min
#!       ^^^^^ wrong-unit: at_most: 10min
  }

#! yes_no
  train {
    for: 10%
#!       ^^^ wrong-unit: `for` wants
  }

#! yes_no
  train {
    for: 0 epochs
#!       ^^^^^^^^ out-of-range: more than 0
  }

#! yes_no
  train {
    for: -3 epochs
#!       ^^^^^^^^^ out-of-range: more than 0
  }

#! yes_no
  train {
    for: 2.5 steps
#!       ^^^^^^^^^ wrong-value: whole number of steps
  }

#! yes_no
  train {
    for: ever
#!       ^^^^ wrong-value: `for` wants
  }

#! yes_no
  train {
    for: [1 epoch]
#!       ^^^^^^^^^ wrong-value
  }

#! yes_no a batch is a number or all
  train {
    batch: 0
#!         ^ out-of-range: `batch`
  }

#! yes_no
  train {
    batch: 2.5
#!         ^^^ wrong-value: `batch`
  }

#! yes_no
  train {
    batch: -1
#!         ^^ out-of-range: `batch`
  }

#! yes_no
  train {
    batch: some
#!         ^^^^ wrong-value: `batch`
  }

#! yes_no
  train {
    batch: 64 samples
#!         ^^^^^^^^^^ wrong-unit: `batch`
  }

#! yes_no
  train {
    batch: "all"
#!         ^^^^^ wrong-value: `batch`
  }

#! yes_no
  train {
    batch: 1e10
#!         ^^^^ out-of-range: `batch`
  }

#! yes_no
  train {
    batch: yes
#!         ^^^ wrong-value: `batch`
  }

#! yes_no wrong values of the other settings
  train {
    at_most: 3 epochs
#!           ^^^^^^^^ wrong-unit: `at_most` wants a time, like 10min
  }

#! yes_no
  train {
    at_most: 3
#!           ^ missing-unit: 3min
  }

#! yes_no
  train {
    at_most: 0s
#!           ^^ out-of-range
  }

#! yes_no
  train {
    seed: -1
#!        ^^ out-of-range: `seed`
  }

#! yes_no
  train {
    seed: 1.5
#!        ^^^ wrong-value: `seed`
  }

#! yes_no
  train {
    seed: 3 steps
#!        ^^^^^^^ wrong-unit: `seed`
  }

#! yes_no
  train {
    seed: lucky
#!        ^^^^^ wrong-value: `seed`
  }

#! yes_no
  train {
    clip: 1.0
#!        ^^^ wrong-value: norm(1.0)
  }

#! yes_no
  train {
    clip: norm(-1)
#!        ^^^^^^^^ wrong-value: norm(1.0)
  }

#! yes_no
  train {
    clip: mean(1)
#!        ^^^^^^^ wrong-value: norm(1.0)
  }

#! yes_no
  train {
    precision: bf16
#!             ^^^^ not-in-this-version: precision: fp32
  }

#! yes_no
  train {
    preview: grid(y)
#!           ^^^^^^^ wrong-value: generate
  }

#! yes_no
  train {
    validate: 250 steps
#!            ^^^^^^^^^ wrong-value: every(250 steps)
  }

#! yes_no
  train {
    stop: 3 epochs
#!        ^^^^^^^^ wrong-value: patience(val.loss, 3 epochs)
  }

#! yes_no
  train {
    keep: worst(val.loss)
#!        ^^^^^^^^^^^^^^^ wrong-value: best(val.loss)
  }

#! yes_no
  train {
    keep: all
#!        ^^^ wrong-value: best(val.loss)
  }

#! yes_no
  train {
    checkpoint: 1 epoch
#!              ^^^^^^^ wrong-value: every(1 epoch, keep: 3)
  }

#! yes_no
  train {
    loss: 3
#!        ^ wrong-kind: the name of a loss
  }

#! yes_no
  train {
    model: [m]
#!         ^^^ wrong-kind: the name of a model
  }

#! yes_no
  train {
    data: points(3)
#!        ^^^^^^^^^ wrong-kind: the name of a data block
  }

#! yes_no
  train {
    optimizer: 1e-3
#!             ^^^^ wrong-kind: the name of an optimizer
  }

#! yes_no
  train {
    schedule: "cosine"
#!            ^^^^^^^^ wrong-kind: the name of a schedule
  }

#! yes_no
  train {
    metrics: 3
#!           ^ wrong-kind: the name of a metric
  }

#! yes_no a wrong value within a setting is shown there
  train {
    validate: every(250)
#!                  ^^^ missing-unit: 250 steps
  }

#! yes_no
  train {
    stop: patience(val.loss, 3)
#!                           ^ missing-unit: 3 epochs
  }

#! yes_no
  train {
    checkpoint: every(1 epoch, keep: 0)
#!                                   ^ out-of-range: `keep`
  }

#! yes_no
  train {
    checkpoint: every(1 epoch, kept: 3)
#!                             ^^^^ unknown-argument: did you mean `keep`?
  }

#! yes_no
  train {
    stop: patience(val.lost, 3 epochs)
#!                 ^^^^^^^^ unknown-metric-path: `val.loss`
  }

#! yes_no
  train {
    metrics: [accuracy]
    keep: best(val.f1)
#!             ^^^^^^ unknown-metric-path: `val.accuracy`
  }

#! yes_no
  train {
    metrics: [confusion as table, accuracy]
#!            ^ metric-does-not-fit
  }

#! yes_no names in a train block are looked for among their own kind
  train {
    model: n
#!         ^ unknown-name: there is no model called `n`
  }

#! yes_no
  train {
    data: point
#!        ^^^^^ unknown-name: did you mean `points`?
  }

#! yes_no
  train {
    loss: binary_crossentropy
#!        ^^^^^^^^^^^^^^^^^^^ unknown-name: did you mean `binary_cross_entropy`?
  }

#! yes_no
  train {
    loss: adam
#!        ^^^^ wrong-kind: the optimizer `adam` stands where a loss is wanted
  }

#! yes_no
  train {
    optimizer: adma(lr: 1e-3)
#!             ^^^^ unknown-name: did you mean `adam`?
  }

#! yes_no
  train {
    schedule: cosin(warmup: 5%)
#!            ^^^^^ unknown-name: did you mean `cosine`?
  }

#! yes_no
  train {
    metrics: [accurracy]
#!            ^^^^^^^^^ unknown-name: did you mean `accuracy`?
  }

#! yes_no
  train {
    regularize { l3(1e-3) on *.w }
#!               ^^ unknown-name: there is no regularizer called `l3`
  }

#! yes_no every name that is missing is told at once
  train {
    model: n
#!         ^ unknown-name
    loss: mze
#!        ^^^ unknown-name: did you mean `mae`?
    optimizer: adma
#!             ^^^^ unknown-name
    batch: 0
#!         ^ out-of-range
  }

#! yes_no settings of optimizers schedules losses and regularizers
  train {
    optimizer: adam(lr: 5%)
#!                      ^^ wrong-unit: `lr`
  }

#! yes_no
  train {
    optimizer: adam(lr: -1)
#!                      ^^ out-of-range: `lr` must be 0 or more
  }

#! yes_no
  train {
    optimizer: adam(rate: 1)
#!                  ^^^^ unknown-argument: it takes `lr`
  }

#! yes_no
  train {
    optimizer: adam(lr: 1, lr: 2)
#!                         ^^ argument-twice
  }

#! yes_no
  train {
    optimizer: adam(1e-3, 0.9, 0.99, 1e-8, 5)
#!                                         ^ too-many-arguments: takes 4 arguments
  }

#! yes_no
  train {
    optimizer: sgd(nesterov: maybe)
#!                           ^^^^^ wrong-value: `nesterov` wants yes or no
  }

#! yes_no
  train {
    schedule: cosine(warmup: 5)
#!                           ^ missing-unit: write 5 steps, or 5 epochs
  }

#! yes_no
  train {
    schedule: cosine(warmup: 5px)
#!                           ^^^ wrong-unit: not 5px
  }

#! yes_no
  train {
    schedule: staircase(factor: 0.5)
#!            ^^^^^^^^^^^^^^^^^^^^^^ argument-missing: needs `every`
  }

#! yes_no
  train {
    schedule: cosine(warmup: 4 epochs)
#!                           ^^^^^^^^ warmup-longer-than-run: 4 epochs of a run of 3 epochs
  }

#! yes_no
  train {
    regularize { l2 on *.w }
#!               ^^ argument-missing: needs `lambda`
  }

#! yes_no
  train {
    regularize { l2(much) on *.w }
#!                  ^^^^ wrong-value: `lambda` wants a number
  }

#! yes_no
  train {
    loss: binary_cross_entropy(smoothing: 3)
#!                             ^^^^^^^^^ unknown-argument: has no setting called `smoothing`
  }

#! classes
  model m on x: f32[4] -> logits[3] = x |> dense(3)
  train {
    loss:      cross_entropy(label_smoothing: 20)
#!                                            ^^ out-of-range: 20%
  }

#! yes_no
  train {
    lr 0.1 on hidden
#!     ^^^ missing-unit: 0.1x
  }

#! yes_no
  train {
    lr 10% on hidden
#!     ^^^ wrong-unit: 0.1x
  }

#! yes_no
  train {
    decay 2x on hidden
#!  ^^^^^ unknown-argument: the optimizer `adam` has no setting called `decay`
  }

#! yes_no patterns that select nothing
  train {
    regularize { l2(1e-4) on *.weight }
#!                           ^^^^^^^^ pattern-unmatched: `hidden.w`
  }

#! yes_no
  train {
    freeze hiden
#!         ^^^^^ pattern-unmatched: did you mean `hidden`?
  }

#! yes_no
  train {
    lr 0.1x on encoder
#!             ^^^^^^^ pattern-unmatched
  }

#! yes_no
  train {
    freeze hidden, out
#!                 ^^^ all-frozen
  }

#! yes_no what adapts a parameter
  train {
    transfer hidden from "a.safetensors" { adapt lora(rank: 4) on w }
#!                                               ^^^^^^^^^^^^^ adapter-unmet: does not fit `hidden.w`, which is f32[4, 3]: a rank is at most
  }

#! yes_no
  train {
    transfer hidden from "a.safetensors" { adapt lora(rank: 0) on w }
#!                                               ^^^^^^^^^^^^^ adapter-unmet: a rank is 1 at least
  }

#! yes_no
  train {
    transfer hidden from "a.safetensors" { adapt lora(rank: 1) on w, b }
#!                                               ^^^^^^^^^^^^^ adapter-unfit: cannot adapt `hidden.b`, which is f32[3]
  }

#! yes_no
  train {
    transfer hidden from "a.safetensors" { adapt lora(rank: 1) on out.w }
#!                                                                ^^^^^ pattern-unmatched: matches no parameter of the model
  }

#! yes_no
  train {
    transfer from "a.safetensors" {
      adapt lora(rank: 1) on *
#!          ^^^^^^^^^^^^^ adapter-unfit: cannot adapt `hidden.b`
    }
  }

#! yes_no
  train {
    transfer from "a.safetensors" {
      adapt lora(rank: 1) on *.w
      adapt lora(rank: 2) on hidden.w
#!                           ^^^^^^^^ adapted-twice: `hidden.w` would be adapted twice
    }
  }

#! yes_no
  train {
    transfer from "a.safetensors" { adapt lorra(rank: 1) on *.w }
#!                                        ^^^^^ unknown-name: did you mean `lora`?
  }

#! yes_no
  train {
    transfer from "a.safetensors" { adapt lora(range: 1) on *.w }
#!                                             ^^^^^ unknown-argument
  }

#! yes_no
  train {
    transfer from "a.safetensors" { adapt adam(lr: 1e-3) on *.w }
#!                                        ^^^^ wrong-kind: the optimizer `adam` stands where a layer is wanted
  }

#! yes_no
  train {
    transfer from "a.safetensors" { adapt dense(2) on *.w }
#!                                        ^^^^^^^^ adapter-unfit: makes f32[4, 2] of `hidden.w`, which is f32[4, 3]
  }

#! yes_no a part that is frozen, and what adapts it
  train {
    transfer from "a.safetensors" {
      adapt lora(rank: 1, alpha: 2) on *.w
      freeze *
    }
  }

#! yes_no
  train {
    transfer from "a.safetensors" { adapt lora(rank: 1) on *.w }
    freeze *, *.lora.*
#!            ^^^^^^^^ all-frozen
  }

#! yes_no what a transfer says of the model
  train {
    transfer hiden from "a.safetensors"
#!           ^^^^^ pattern-unmatched: did you mean `hidden`?
  }

#! yes_no
  train {
    transfer from "a.safetensors" { init hidden.ww fresh }
#!                                       ^^^^^^^^^ pattern-unmatched: did you mean `hidden.w`?
  }

#! yes_no
  train {
    transfer from "a.safetensors" { init hidden random }
#!                                              ^^^^^^ wrong-value: wants `fresh`
  }

#! yes_no names within a transfer are those of its part
  train {
    transfer hidden from "a.safetensors" { freeze hidden.w }
#!                                                ^^^^^^^^ pattern-unmatched: its parameters are `w` and `b`
  }

#! yes_no
  train {
    transfer from "a.safetensors" { rename "fc.*" -> hiden.* }
#!                                                   ^^^^^^^ transfer-nowhere: did you mean `hidden.*`?
  }

#! yes_no
  train {
    transfer from "a.safetensors" { rename "fc{i}.*" -> hidden{j}.* }
#!                                                      ^^^^^^^^^^^ transfer-pattern: `{j}` stands for a number
  }

#! yes_no
  train {
    transfer from "a.safetensors" { rename "fc.*.*" -> hidden.* }
#!                                                     ^^^^^^^^ transfer-pattern: 2 stars and the model's 1
  }

#! yes_no
  train {
    transfer from "a.safetensors" { rename "fc.*" -> hidden.* as io2 }
#!                                                               ^^^ unknown-layout: did you mean `io`?
  }

#! yes_no
  train {
    transfer from "a.safetensors" { sha256: "abc" }
#!                                          ^^^^^ wrong-value: wants 64 hexadecimal digits
  }

#! yes_no
  train {
    transfer from "a.safetensors" { sha: "abc" }
#!                                  ^^^ unknown-setting: its one setting is `sha256`
  }

#! yes_no
  train {
    privacy { method: dp_sgd(clip: 1.0) }
#!  ^^^^^^^ setting-missing: write `budget: epsilon(3, delta: 1e-5)`
  }

#! yes_no
  train {
    privacy { budget: epsilon(3, delta: 1e-5) }
#!  ^^^^^^^ setting-missing: write `method: dp_sgd(clip: 1.0)`
  }

#! yes_no
  train {
    privacy {
      method: dp_sgd(clip: 0)
#!                         ^ out-of-range: `clip` must be more than 0
      budget: epsilon(3, delta: 1e-5)
    }
  }

#! yes_no
  train {
    privacy {
      method: dp_sgd(norm: 1)
#!                   ^^^^ unknown-argument
      budget: epsilon(3, delta: 1e-5)
    }
  }

#! yes_no
  train {
    privacy {
      method: pate
#!            ^^^^ wrong-value: `dp_sgd(…)`, like dp_sgd(clip: 1.0)
      budget: epsilon(3, delta: 1e-5)
    }
  }

#! yes_no
  train {
    privacy {
      method: dp_sgd(clip: 1.0)
      budget: epsilon(-1, delta: 1e-5)
#!                    ^^ out-of-range: `epsilon` must be more than 0
    }
  }

#! yes_no
  train {
    privacy {
      method: dp_sgd(clip: 1.0)
      budget: epsilon(3, delta: 1)
#!                              ^ out-of-range: `delta` must be more than 0 and less than 1
    }
  }

#! yes_no
  train {
    privacy {
      method: dp_sgd(clip: 1.0)
      budget: epsilon(3)
#!            ^^^^^^^^^^ argument-missing: `epsilon` needs `delta`
    }
  }

#! yes_no
  train {
    privacy {
      method: dp_sgd(clip: 1.0)
      budget: epsilon(3%, delta: 1e-5)
#!                    ^^ wrong-unit: a number without a unit
    }
  }

#! yes_no
  train {
    privacy {
      method: dp_sgd(clip: 1.0)
      budget: epsilon(3, delta: 1e-5)
      noise: 1
#!    ^^^^^ unknown-setting: its settings are `method`, `budget` and `seed`
    }
  }

#! yes_no
  train {
    privacy { method: dp_sgd(clip: 1.0); budget: epsilon(3, delta: 1e-5) }
    privacy { method: dp_sgd(clip: 2.0); budget: epsilon(3, delta: 1e-5) }
#!  ^^^^^^^ setting-twice: `privacy` is set twice
  }

#! numbers
  train {
    privacy { method: dp_sgd(clip: 1.0); budget: epsilon(3, delta: 1e-5) }
    augment batch { mixup(alpha: 0.2) }
#!                  ^^^^^^^^^^^^^^^^^ private-mixing: looks at several examples at once
  }

#! yes_no
  train {
    privacy {
      method: dp_sgd(clip: 1.0)
      budget: epsilon(3, delta: 1e-5)
      seed:   7
#!            ^ noise-not-secret
    }
  }

#! classes a loss that does not fit the target
  model m on x: f32[4] -> logits[3] = x |> dense(3)
  train {
    loss:      mse
#!             ^^^ loss-does-not-fit: of the library's losses `cross_entropy`, `focal`, `hinge` and `multi_margin` fit
  }

#! numbers
  model m on x: f32[4] -> logits[3] = x |> dense(3)
  train {
    loss:      cross_entropy
#!             ^^^^^^^^^^^^^ loss-does-not-fit: `y` is f32[1]
  }

#! numbers
  model m on x: f32[4] -> f32[2] = x |> dense(2)
  train {
    loss:      mse
#!             ^^^ loss-does-not-fit: the last layer should give 1 instead of 2
  }

#! yes_no a score against 0 and 1 is a way to learn a yes or no
  train {
    loss: mse
  }

#! check scores and classes that differ in number
  model m on x: f32[4] -> logits[12] {
    x |> dense(12) as head
#!             ^^ class-count: `m` gives 12 scores but the data has 3 classes
  }
  data points {
    source: table {
      | a | b | c | d | y |
      | 1 | 2 | 3 | 4 | 5 |
    }
    input  x: f32[4] = [a, b, c, d]
    target y: class[3]
#!            -------- class-count
  }
  train {
    model:     m
    data:      points
    loss:      cross_entropy
    optimizer: adam
    for:       3 epochs
  }

#! classes softmax before a loss that applies it
  model m on x: f32[4] -> prob[3] {
    x |> dense(3) |> softmax
#!                   ^^^^^^^ softmax-twice: `cross_entropy` wants scores
  }
  train {
    loss:      cross_entropy
#!             ------------- softmax-twice
  }

#! check
  data points {
    source: table {
      | a | b | y |
      | 1 | 2 | 1 |
    }
    input  x: f32[2] = [a, b]
    target y: binary
  }
  model m on x: f32[2] -> prob {
    x |> dense(3, tanh) as hidden |> dense(1) as out |> sigmoid
#!                                                      ^^^^^^^ softmax-twice
  }
  train {
    model:     m
    data:      points
    loss:      binary_cross_entropy
    optimizer: adam
    for:       3 epochs
  }

#! classes
  model m on x: f32[4] -> logits[3] = x |> dense(3) |> softmax
#!                                                     ^^^^^^^ result-mismatch: the loss applies it itself

#! classes
  model m on x: f32[4] -> logits[3] = x |> dense(3) |> log_softmax
#!                                                     ^^^^^^^^^^^ result-mismatch: declare `-> log_prob[3]`

#! classes
  model m on x: f32[4] -> log_prob[3] = x |> dense(3) |> log_softmax
  train {
    loss: nll
  }

#! classes
  model m on x: f32[4] -> log_prob[3] = x |> dense(3) |> log_softmax
  train {
    loss: cross_entropy
#!        ^^^^^^^^^^^^^ loss-does-not-fit: `nll` fits
  }

#! numbers a metric that does not fit
  model m on x: f32[4] -> f32[1] = x |> dense(1)
  train {
    metrics: [rmse, accuracy]
#!                  ^^^^^^^^ metric-does-not-fit: `r2`
  }

#! yes_no
  train {
    metrics: [accuracy, accuracy]
#!                      ^^^^^^^^ metric-twice
  }

#! yes_no
  train {
    metrics: [accuracy on z]
#!                        ^ unknown-name: there is no target called `z`
  }

#! classes
  model m on x: f32[4] -> logits[3] = x |> dense(3)
  train {
    metrics: [accuracy, f1(macro), f1(micro) as micro, top(2), confusion, log_loss, brier]
    keep: best(val.micro)
  }

#! yes_no a warm up is compared with the run in its own measure
  train {
    schedule: cosine(warmup: 100 steps)
    for: 1000 steps
  }

#! yes_no
  train {
    for: 100 steps
    schedule: linear(warmup: 100 steps)
#!                           ^^^^^^^^^ warmup-longer-than-run: the full learning rate
  }

#! yes_no
  train {
    for: 100 steps
    schedule: linear(warmup: 100%)
#!                           ^^^^ warmup-longer-than-run
  }

#! yes_no
  train {
    schedule: cosine(warmup: 5000 steps)
    for: 3 epochs
  }

#! yes_no
  train {
    schedule: cosine(warmup: 1 epoch)
    for: 300 steps
  }

#! check data without a target or with several
  model m on x: f32[4] -> f32[1] = x |> dense(1)
  data points {
#!     ^^^^^^ no-target
    source: table {
      | a | b | c | d | y |
      | 1 | 2 | 3 | 4 | 5 |
    }
    input  x: f32[4] = [a, b, c, d]
    input y: number
  }
  train {
    model:     m
    data:      points
    loss:      mse
    optimizer: adam
    for:       3 epochs
  }

#! check
  model m on x: f32[4] -> f32[1] = x |> dense(1)
  data points {
    source: table {
      | a | b | c | d | y |
      | 1 | 2 | 3 | 4 | 5 |
    }
    input  x: f32[4] = [a, b, c, d]
    target y: number
    target b: number
  }
  train {
    model:     m
    data:      points
    loss:      mse
#!             ^^^ which-target: `y` and `b`
    optimizer: adam
    for:       3 epochs
  }

#! check
  model m on x: f32[4] -> f32[1] = x |> dense(1)
  data points {
    source: table {
      | a | b | c | d | y |
      | 1 | 2 | 3 | 4 | 5 |
    }
    input  x: f32[4] = [a, b, c, d]
    target y: number
    target b: number
  }
  train {
    model:     m
    data:      points
    loss:      mse on y + 0.3 * mae on b
    optimizer: adam
    for:       3 epochs
  }

#! check
  model m on x: f32[4] -> (y: f32[1], b: f32[1]) = (y: x |> dense(1) as one, b: x |> dense(1) as two)
  data points {
    source: table {
      | a | b | c | d | y |
      | 1 | 2 | 3 | 4 | 5 |
    }
    input  x: f32[4] = [a, b, c, d]
    target y: number
    target b: number
  }
  train {
    model:     m
    data:      points
    loss:      mse on y + 0.3 * mae on b
    optimizer: adam
    metrics: [mae on y, mae on b, r2 on b as skill]
    keep: best(val.mae.b)
    for:       3 epochs
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1)
  train {
    loss:      mse on z
#!                    ^ unknown-name: there is no target called `z`
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1)
  train {
    loss:      mse + 0.5 * mae - mae / 2
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1)
  train {
    loss:      mse + y
#!                   ^ unknown-name: there is no loss called `y`
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1)
  train {
    loss:      mse ^ 2
#!             ^^^^^^^ wrong-kind
  }

#! numbers a model and its data bind by name
  model m on z: f32[4] -> f32[1] = z |> dense(1)
#!           ^ model-input-missing: `points` has no field of that name

#! numbers
  model m on (x: f32[4], w: number) -> f32[1] = x |> dense(1)
#!                       ^ model-input-missing

#! numbers
  model m on x: f32[5] -> f32[1] = x |> dense(1)
#!              ------ axis-mismatch
  data points {
    source: csv("points.csv")
    input x: f32[4] = columns("x_*")
#!           ^^^^^^ axis-mismatch: wants 5 on axis 0 of `x`, but there are 4
    target y: number
  }

#! numbers
  model m on x: f32[2, 2] -> f32[1] = x |> flatten |> dense(1)
#!              --------- rank-mismatch
  data points {
    source: csv("points.csv")
    input x: f32[4] = columns("x_*")
#!           ^^^^^^ rank-mismatch
    target y: number
  }

#! numbers
  model m on x: class[4] -> f32[1] = x |> embed(3) |> dense(1)
#!              -------- type-mismatch
  data points {
    source: csv("points.csv")
    input x: f32[4] = columns("x_*")
#!           ^^^^^^ type-mismatch
    target y: number
  }

#! numbers
  model m on (x: f32[4], y: number) -> f32[1] = concat(x, y) |> dense(1)
#!                       ^ model-reads-other: what is to be predicted

#! numbers a model with nothing to train
  model m on x: f32[4] -> f32[1] = [sum(x)]
#!      ^ no-parameters

#! numbers branches that only a prediction takes are checked too
  layer scaled on x: f32[N] -> f32[N] {
    param gain: f32[N] ~ ones
#!  ^ read-in-prediction-only: `scaled.gain`
    if training then x else x * gain
  }
  model m on x: f32[4] -> f32[1] = x |> dense(4) |> scaled |> dense(1) as out

#! numbers
  layer cut on x: f32[N] -> f32[N] = if training then x else x[0 .. 2]
#!                          ------ result-mismatch
#!                                   ^ result-mismatch
  model m on x: f32[4] -> f32[1] = x |> cut |> dense(1)

#! numbers a truth value that is known decides in functions, too: the other branch is not even computed
  fn shortened(x: f32[N], by: int, wanted: bool) = if wanted and N > by then x[0 .. N - by] else x
  model m on x: f32[4] -> f32[1] = x |> shortened(1, yes) |> shortened(1, no) |> shortened(9, yes) |> dense(1)

#! yes_no several train blocks are checked each
  train first {
    model:     m
    data:      points
    loss:      binary_cross_entropy
    optimizer: adam
    for:       3 epochs
  }
  train second {
    model:     m
    data:      points
    loss:      cross_entropy
#!             ^^^^^^^^^^^^^ loss-does-not-fit
    optimizer: sgd
    for:       1 epoch
  }
  train first {
#!      ^^^^^ name-twice
    model:     m
    data:      points
    loss:      binary_cross_entropy
    optimizer: sgd
    for:       1 epoch
  }

#! yes_no
  train {
    model:     m
    data:      points
    loss:      binary_cross_entropy
    optimizer: adam
    for:       3 epochs
  }
  train {
#!^^^^^ name-twice
    model:     m
    data:      points
    loss:      binary_cross_entropy
    optimizer: sgd
    for:       1 epoch
  }

#! numbers a word that is nearly the one that is wanted
  train {
    batch: al
#!         ^^ wrong-value: did you mean `all`?
  }

#! numbers
  train {
    stop: patince(val.loss, 3 epochs)
#!        ^^^^^^^^^^^^^^^^^^^^^^^^^^^ wrong-value: did you mean `patience(val.loss, 3 epochs)`?
  }

#! numbers a penalty that rewards
  train {
    regularize { l2(-1) on *.w }
#!               ^^^^^^ requirement-unmet: a penalty below 0 rewards large numbers
  }

#! yes_no a form for each rank of a parameter, or none
  optimizer columns_only(lr: rate = 0.1) on (p: f32[I, O], g: f32[I, O]) {
    p' = p - lr * g
  }
  train {
    optimizer: columns_only
#!             ^^^^^^^^^^^^ rank-mismatch: `p` is here the parameter
  }

#! numbers frozen for a while
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> batch_norm as norm |> dense(1) as b
  train {
    for: 4 epochs
    freeze a, norm until 1 epoch
    freeze b.b until 10%
  }

#! numbers
  let short = 1 epoch
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 4 epochs
    freeze a until 2 * short
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 4 epochs
    freeze a until 4 epochs
#!                 ^^^^^^^^ freeze-longer-than-run: `a` is frozen for 4 epochs of a run of 4 epochs
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 4 epochs
    freeze a until 100%
#!                 ^^^^ freeze-longer-than-run: `a` is frozen for the whole run
  }

#! numbers the rows tell how many steps a run has
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 40 steps
    freeze a until 40 steps
#!                 ^^^^^^^^ freeze-longer-than-run: `a` is frozen for 40 steps of a run of 40 steps
  }

#! numbers a block with nothing in it
  train {
    regularize { }
#!  ^^^^^^^^^^ empty-block: `regularize` has nothing in it, so nothing is added to the loss
    augment x { }
#!  ^^^^^^^ empty-block: `augment x` has nothing in it, so `x` is read as it is
    augment batch {
#!  ^^^^^^^ empty-block: `augment batch` has nothing in it, so no examples are mixed
      # mixup(alpha: 0.2)
    }
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 4 epochs
    freeze a until 3
#!                 ^ missing-unit: write 3 epochs, or 3 steps
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 4 epochs
    freeze a until 3min
#!                 ^^^^ wrong-unit: by the clock no two runs would be the same
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 4 epochs
    freeze a until 1.5 steps
#!                 ^^^^^^^^^ wrong-value
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 4 epochs
    freeze a
    freeze b until 1 epoch
#!         ^ all-frozen: frozen at the start
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 4 epochs
    freeze c until 1 epoch
#!         ^ pattern-unmatched
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> batch_norm as norm |> dense(1) as b
  train {
    for: 4 epochs
    freeze norm.scale, norm.shift until 1 epoch
#!         ^^^^^^^^^^ frozen-statistics: help: freeze norm
  }

#! numbers
#! set freeze.a=3 epochs
  model m on x: f32[4] -> f32[1] = x |> dense(3, tanh) as a |> dense(1) as b
  train {
    for: 4 epochs
    freeze a until 9 epochs
  }

#! numbers updates over several batches
  train {
    batch:      2
    accumulate: 2 batches
  }

#! numbers
  let few = 2 batches
  train {
    batch:      2
    accumulate: 2 * few
  }

#! numbers
  train {
    batch:      all
    accumulate: 1 batch
  }

#! numbers
  train {
    batch:      all
#!              --- accumulate-all
    accumulate: 2 batches
#!              ^^^^^^^^^ accumulate-all: there are no 2 of them
  }

#! numbers
  train {
    accumulate: 4
#!              ^ missing-unit: write 4 batches
  }

#! numbers
  train {
    accumulate: 4 steps
#!              ^^^^^^^ wrong-unit: a number of batches, like 4 batches
  }

#! numbers
  train {
    accumulate: 1.5 batches
#!              ^^^^^^^^^^^ wrong-value: a whole number of batches
  }

#! numbers
  train {
    accumulate: 0 batches
#!              ^^^^^^^^^ out-of-range: 1 batch or more
  }

#! yes_no a loss of several outputs
  model m on x: f32[4] -> (left: f32[3], right: f32[3]) = (left: x |> dense(3) as a, right: x |> dense(3) as b)
  train {
    loss: contrastive on (left, right) + 0.1 * cosine_embedding on (right, left)
  }

#! yes_no
  model m on x: f32[4] -> (left: f32[3], right: f32[3]) = (left: x |> dense(3) as a, right: x |> dense(3) as b)
  train {
    loss: contrastive on (left, rigth)
#!                              ^^^^^ unknown-name: did you mean `right`?
  }

#! yes_no
  model m on x: f32[4] -> (left: f32[3], right: f32[2]) = (left: x |> dense(3) as a, right: x |> dense(2) as b)
  train {
    loss: contrastive
#!        ^^^^^^^^^^^ loss-does-not-fit
  }

#! yes_no
  model m on x: f32[4] -> (left: f32[3], right: f32[3]) = (left: x |> dense(3) as a, right: x |> dense(3) as b)
  train {
    loss: triplet
#!        ^^^^^^^ loss-does-not-fit
  }

#! yes_no
  model m on x: f32[4] -> (left: f32[3], right: f32[3]) = (left: x |> dense(3) as a, right: x |> dense(3) as b)
  train {
    loss: contrastive on [left, right]
#!                       ^^^^^^^^^^^^^ wrong-kind
  }

#! yes_no a rate that becomes smaller where nothing becomes better
  train {
    schedule: plateau(val.loss, 3 epochs)
  }

#! yes_no
  train {
    schedule: plateau(val.accuracy, 10min, factor: 0.5x, floor: 1%, threshold: 0.1%)
    metrics: [accuracy]
  }

#! yes_no
  schedule plateau(high: real) on t = high / t
  train {
    schedule: plateau(high: 2)
  }

#! yes_no
  train {
    schedule: plateau(val.los, 3 epochs)
#!                    ^^^^^^^ unknown-metric-path: did you mean `val.loss`?
  }

#! yes_no
  train {
    schedule: plateau(val.loss, 3)
#!                              ^ missing-unit
  }

#! yes_no
  train {
    schedule: plateau(val.loss)
#!            ^^^^^^^^^^^^^^^^^ wrong-value
  }

#! yes_no
  train {
    schedule: plateau(val.loss, 3 epochs, factor: 2x)
#!                                                ^^ out-of-range
  }

#! yes_no
  train {
    schedule: plateau(val.loss, 3 epochs, factor: 3px)
#!                                                ^^^ wrong-unit
  }

#! yes_no
  train {
    schedule: plateau(val.loss, 3 epochs, fator: 0.1x)
#!                                        ^^^^^ unknown-argument: did you mean `factor`?
  }
