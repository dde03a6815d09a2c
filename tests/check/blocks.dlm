# Blocks that have lost a line, and what one cause gives: one message.

#! check the first line of a block is lost
  dlm 1

    source: table {
#!  ------ bracket-not-opened
      | x | y |
      | 1 | 2 |
    }
    input  x: number
    target y: number
  }
#!^ bracket-not-opened: the lines before this `}` stand in no block

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1)

    batch: 4
#!  ----- bracket-not-opened
    seed:  3
  }
#!^ bracket-not-opened: like `train {`

#! check
  dlm 1

  layer half on x: f32[N] -> f32[N] {
    x / 2
  }

    x * 2
#!  - bracket-not-opened
  }
#!^ bracket-not-opened: like `model name on x: … {`

#! numbers
  train {
    loss: mse

      l2(1e-4) on *.w
#!    -- bracket-not-opened
    }
#!  ^ bracket-not-opened: like `regularize {`
    batch: 4
  }

#! check the rows of a table stand in a table
  data xor {
      | a | b |
#!    - bracket-not-opened
      | 0 | 1 |
      | 1 | 0 |
    }
    input  a: number
    target b: number
  }
#!^ bracket-not-opened: like `source: table {`

#! check
  data xor {
    source: table {
      | a | b |
    }
    | 0 | 1 |
#!  ^ rows-without-table
    | 1 | 0 |
    input  a: number
    target b: number
  }

#! check there is one edition
  dlm 2
#!^^^^^ unknown-edition: help: dlm 1
  let width = 2

#! numbers a misspelt setting is not missing as well
  data points {
    souce: table {
#!  ^^^^^ unknown-setting: did you mean `source`?
      | a | b | c | d | y |
      | 1 | 2 | 3 | 4 | 1 |
    }
    input  x: f32[4] = [a, b, c, d]
    target y: number
  }

#! check what several train blocks come upon is told once
  data line {
    source: table {
      | x | y |
      | 1 | 2 |
      | 2 | 4 |
    }
    input  x: number
    target y: number
  }
  train one {
    model: straight
#!         ^^^^^^^^ unknown-name: there is no model called `straight`
    data: line
    loss: mse
    optimizer: sgd
    for: 1 epoch
  }
  train two {
    model: straight
#!         -------- unknown-name
    data: line
    loss: mse
    optimizer: sgd
    for: 1 epoch
  }
#! check a layer that nothing uses is checked where it says its sizes
  dlm 1

  let n: int = 4

  layer f on x: f32[784] -> f32[10] {
    param w: f32[512, 10] ~ glorot
    x @ w
#!  ^^^^^ inner-size-mismatch
#!      - inner-size-mismatch
  }

  layer wrong on x: f32[n] -> f32[3] {
#!                            ------ result-mismatch
    x |> dense(2)
#!       ^^^^^^^^ result-mismatch
  }

  layer sound on (x: f32[n], y: number) -> f32[2] {
    param w: f32[5, 2] ~ glorot
    concat(x, y) @ w
  }

  layer free on x: f32[I] -> f32[O] { x |> dense(3) }
  model open on x: f32[8] -> logits[K] { x |> dense(K) }
