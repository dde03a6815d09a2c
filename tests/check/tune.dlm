# Searches over settings.

#! yes_no a search over settings of every kind
  let width: int = 8
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    batch:        choice(16, 32, all)
    width:        4 .. 64
    hidden.act:   choice(tanh, relu)
    train.for:    2 epochs .. 5 epochs
    objective:    minimize(val.loss)
    budget:       20 trials
    at_most:      10min
    seed:         3
    prune:        none
  }
  model m on x: f32[4] -> logit = x |> dense(width, tanh) as hidden |> dense(1) as out
  train {
    metrics: [accuracy]
  }

#! yes_no what is said of a value is said at the value
  tune {
    optimizer.lr: choice(0.1, -1, 2px)
#!                            ^^ out-of-range: `lr` must be 0 or more
#!                                ^^^ wrong-unit
    objective:    minimize(val.loss)
    budget:       20 trials
  }

#! yes_no
  tune {
    train.for: 3 .. 10 epochs
#!             ^ missing-unit
    objective: minimize(val.loss)
    budget:    20 trials
  }
  train {
    for: 3 epochs
  }

#! yes_no
  tune {
    train.for: 3 epochs .. 100 steps
#!             ^^^^^^^^^^^^^^^^^^^^^ mixed-units
    objective: minimize(val.loss)
    budget:    20 trials
  }
  train {
    for: 3 epochs
  }

#! yes_no whole numbers stay whole, and what must be whole is so in the middle, too
  tune {
    train.batch: 16 .. 33.5
#!               ^^^^^^^^^^ wrong-value: which lies in the range
#!                     ^^^^ wrong-value
    objective:   minimize(val.loss)
    budget:      20 trials
  }
  train {
    batch: 16
  }

#! yes_no a shape that is wrong for a value is told with the value
  let width: int = 4
  tune {
    width:     choice(2, 4, 8)
#!                    - shape-mismatch
    objective: minimize(val.loss)
    budget:    3 trials
  }
  model m on x: f32[4] -> logit {
    y = x |> dense(width, tanh) as same
    x + y |> dense(1) as out
#!  ^ shape-mismatch: with 2 for `width`
  }
  train {
    metrics: [accuracy]
  }

#! yes_no a requirement between the ends of a range
  let heads: int = 2
  layer split_up(h: int) on x: f32[N] -> f32[N] {
    require mod(N, h) == 0, "the heads must divide the width"
    x
  }
  tune {
    heads:     1 .. 4
    objective: minimize(val.loss)
    budget:    3 trials
  }
  model m on x: f32[4] -> logit = x |> split_up(heads) as parts |> dense(1) as out
#!                                     ^ requirement-unmet: with 3 for `heads`
  train {
    metrics: [accuracy]
  }

#! yes_no paths that mean nothing, or several things
  tune {
    optimizer.lrr: log(1e-4 .. 1e-1)
#!  ^^^^^^^^^^^^^ override-unmatched: `train.optimizer.lr`
    units:         choice(2, 4)
#!  ^^^^^ override-ambiguous: `m.hidden.units`
    objective:     minimize(val.loss)
    budget:        20 trials
  }

#! yes_no
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objectiv:     minimize(val.loss)
#!  ^^^^^^^^ unknown-setting: did you mean `objective`?
    budget:       20 trials
  }

#! yes_no what a block cannot do without
  tune {
#!^^^^ setting-missing: say how many trials
#!^^^^ setting-missing: minimize(val.loss)
#!^^^^ nothing-to-tune: varies no setting
    seed: 1
  }

#! yes_no
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    lr:           log(1e-4 .. 1e-1)
#!  ^^ setting-twice: `train.optimizer.lr` is set twice
    objective:    minimize(val.loss)
    budget:       20 trials
  }

#! yes_no
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    minimize(val.loss)
    budget:       20 trials
    budget:       30 trials
#!  ^^^^^^ setting-twice
  }

#! yes_no
  tune {
    train.optimizer.lr: log(1e-4 .. 1e-1)
    train.optimizer:    choice(adam, sgd)
#!  ^^^^^^^^^^^^^^^ tuned-after-part
    objective:          minimize(val.loss)
    budget:             20 trials
  }
  train {
    seed: 1
  }

#! yes_no what a run is given by --set may be searched by others
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    minimize(val.loss)
    budget:       20 trials
  }
#! set lr=0.1

#! yes_no a part of what is searched must be there whatever the whole is
  tune {
    train.optimizer:          choice(sgd(momentum: 0.9), adam)
#!                                                       - override-unmatched
    train.optimizer.momentum: 0.5 .. 0.99
#!  ^^^^^^^^^^^^^^^^^^^^^^^^ override-unmatched
    objective:                minimize(val.loss)
    budget:                   20 trials
  }
  train {
    optimizer: sgd(lr: 0.1, momentum: 0.5)
  }

#! yes_no what is wrong with a part is told once
  tune {
    train.optimizer:    choice(adam, sgd)
    train.optimizer.lr: choice(-1, 0.1)
#!                             ^^ out-of-range
    objective:          minimize(val.loss)
    budget:             20 trials
  }
  train {
    seed: 1
  }

#! yes_no values that are none
  tune {
    optimizer.lr: 0.1
#!                ^^^ wrong-value: what is the same in all trials
    hidden.act:   choice(tanh)
#!                ^^^^^^^^^^^^ wrong-value: at least two values
    hidden.units: choice(4, 8, 4)
#!                             ^ choice-twice
    out.act:      choice(identity, other: tanh)
#!                                 ^^^^^ unknown-argument
    objective:    minimize(val.loss)
    budget:       20 trials
  }

#! yes_no
  tune {
    optimizer.lr: log(0 .. 1)
#!                    ^ log-of-zero
    hidden.units: 8 .. 2
#!                ^^^^^^ range-empty: did you mean 2 .. 8?
    out.units:    log(1)
#!                    ^ wrong-value
    objective:    minimize(val.loss)
    budget:       20 trials
  }

#! yes_no objectives
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    maximize(val.loss)
#!                ^^^^^^^^ objective-direction
    budget:       20 trials
  }

#! yes_no
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    val.accuracy
#!                ^^^^^^^^^^^^ wrong-value: maximize(val.accuracy)
    budget:       20 trials
  }
  train {
    metrics: [accuracy]
  }

#! yes_no
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    maximize(val.accuracy)
#!                         ^^^^^^^^^^^^ unknown-metric-path: add `accuracy` to
    budget:       20 trials
  }

#! yes_no
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    maximize(test.accuracy)
#!                         ^^^^^^^^^^^^^ search-sees-test
    budget:       20 trials
  }
  train {
    metrics: [accuracy]
  }

#! yes_no
  tune {
#!---- search-sees-test
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    minimize(val.loss)
    budget:       20 trials
  }
  train {
    keep: best(test.loss)
#!        ^^^^^^^^^^^^^^^ search-sees-test
  }

#! classes
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    maximize(val.table)
#!                         ^^^^^^^^^ metric-not-a-number
    budget:       20 trials
  }
  train {
    metrics: [confusion as table]
  }

#! yes_no an objective that some choice takes away
  tune {
    train.metrics: choice([accuracy], [f1])
#!                                    - unknown-metric-path
    objective:     maximize(val.accuracy)
#!                          ^^^^^^^^^^^^ unknown-metric-path
    budget:        2 trials
  }
  train {
    metrics: [accuracy]
  }

#! yes_no budgets and other settings
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    minimize(val.loss)
    budget:       20
#!                ^^ missing-unit: write 20 trials
    at_most:      3 epochs
#!                ^^^^^^^^ wrong-unit
    seed:         0.5
#!                ^^^ wrong-value
    prune:        medium
#!                ^^^^^^ wrong-value: did you mean `median`?
  }

#! yes_no
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    minimize(val.loss)
    budget:       30min
#!                ^^^^^ wrong-unit: write `at_most: 30min` beside
  }

#! yes_no
  tune {
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    minimize(val.loss)
    budget:       0 trials
#!                ^^^^^^^^ out-of-range
  }

#! yes_no several trainings, and several searches
  train a {
    model: m
    data: points
    loss: binary_cross_entropy
    optimizer: adam
    for: 3 epochs
  }
  train b {
    model: m
    data: points
    loss: binary_cross_entropy
    optimizer: adam
    for: 3 epochs
    regularize { l2(1e-4) on *.w }
  }
  tune one {
    train:        a
    l2.lambda:    log(1e-4 .. 1e-1)
#!  ^^^^^^^^^ tunes-another: the training `b`
    objective:    minimize(val.loss)
    budget:       20 trials
  }
  tune two {
#!^^^^ setting-missing: `train: a` or `train: b`
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    minimize(val.loss)
    budget:       20 trials
  }
  tune three {
    train:        bb
#!                ^^ unknown-name
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    minimize(val.loss)
    budget:       20 trials
  }
  tune two {
#!     ^^^ name-twice
    train:        b
    optimizer.lr: log(1e-4 .. 1e-1)
    objective:    minimize(val.loss)
    budget:       20 trials
  }

#! yes_no
  model other on x: f32[4] -> logit = x |> dense(3, tanh) as inner |> dense(1) as out
  tune {
    inner.units: choice(2, 3)
#!  ^^^^^^^^^^^ tunes-another: the model `other`
    objective:   minimize(val.loss)
    budget:      20 trials
  }

#! check a search without a training
  let width: int = 4
  tune {
#!^^^^ nothing-to-tune: no `train` block
    width:     choice(2, 4)
    objective: minimize(val.loss)
    budget:    2 trials
  }

#! yes_no twins have their numbers
  tune {
    regularize.l2[1].lambda: log(1e-6 .. 1e-2)
    train.lr.hidden.*:       0.1x .. 1x
    objective:               minimize(val.loss)
    budget:                  20 trials
  }
  train {
    regularize {
      l2(1e-4) on hidden.w
      l2(1e-4) on out.w
    }
    lr 0.1x on hidden.*
  }
