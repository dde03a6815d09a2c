# Ordinals and sets: what their types say, and what fits them.

#! numbers an ordinal is a class, too
  data points {
    source: table {
      | a | b    | y    |
      | 1 | low  | high |
      | 2 | high | low  |
    }
    input  x: number = a
    input  b: ordinal["low", "mid", "high"]
    target y: ordinal["low", "mid", "high"]
  }
  model m on (x: number, b: class[B]) -> logits[K] = concat(x, b |> embed(2) as rows, one_hot(b, B)) |> dense(K) as out
  train {
    loss:    cross_entropy
    metrics: [accuracy, f1(macro), kappa, weighted_kappa(linear), mae, confusion, top(2)]
  }

#! numbers and it has an order
  data points {
    source: table {
      | a | b    | y |
      | 1 | low  | 4 |
      | 2 | high | 0 |
    }
    input  x: number = a
    input  b: ordinal["low", "mid", "high"]
    target y: ordinal[5]
  }
  model m on (x: number, b: ordinal[B]) -> logit[K - 1] = concat(x, b |> level, b |> thermometer) |> coral(K) as out
  train {
    loss:    coral
    metrics: [accuracy, weighted_kappa, mae, confusion]
  }

#! numbers what may be missing has no place in an order
  data points {
    source: table {
      | a | b    | y |
      | 1 | low  | 4 |
      | 2 |      | 0 |
    }
    input  x: number = a
    input  b: ordinal["low", "mid", "high"]?
    target y: number
  }
  model m on (x: number, b: ordinal[B]?) -> number = concat(x, b |> embed(2) as rows, one_hot(b, B)) |> dense(1) as out

#! numbers
  data points {
    source: table {
      | a | b    | y |
      | 1 | low  | 4 |
      | 2 |      | 0 |
    }
    input  x: number = a
    input  b: ordinal["low", "mid", "high"]?
    target y: number
  }
  model m on (x: number, b: ordinal[B]?) -> number = concat(x, b |> level) |> dense(1) as out
#!                                                                  ^^^^^ optional-as-present: help: a class that may be missing has one value more

#! numbers a class has none
  data points {
    source: table {
      | a | b    | y |
      | 1 | low  | 0 |
      | 2 | high | 1 |
    }
    input  x: number = a
    input  b: class["low", "high"]
#!            ^^^^^^^^^^^^^^^^^^^^ type-mismatch: help: a class has no order: if its words are listed
    target y: number
  }
  model m on (x: number, b: ordinal[B]) -> number = concat(x, b |> level) |> dense(1) as out

#! numbers
  data points {
    source: table {
      | a | b    | y |
      | 1 | low  | 0 |
      | 2 | high | 1 |
    }
    input  x: number = a
    input  b: class["low", "high"]
    target y: number
  }
  model m on (x: number, b: class[B]) -> number = concat(x, b |> level) |> dense(1) as out
#!                                                               ^^^^^ type-mismatch: help: a class has no order

#! numbers
  data points {
    source: table {
      | a | y   |
      | 1 | cat |
      | 2 | dog |
    }
    input  x: number = a
    target y: class["cat", "dog"]
  }
  model m on x: number -> logit[K - 1] = x |> coral(K) as out
  train {
    loss: coral
#!        ^^^^^ loss-does-not-fit: help: the classes of `y` have no order
  }

#! numbers
  data points {
    source: table {
      | a | y   |
      | 1 | cat |
      | 2 | dog |
    }
    input  x: number = a
    target y: class["cat", "dog"]
  }
  model m on x: number -> logits[K] = x |> dense(K) as out
  train {
    loss:    cross_entropy
    metrics: [weighted_kappa]
#!            ^^^^^^^^^^^^^^ metric-does-not-fit: help: the classes of `y` have no order
  }

#! numbers an ordinal has no distances
  data points {
    source: table {
      | a | y |
      | 1 | 2 |
      | 2 | 0 |
    }
    input  x: number = a
    target y: ordinal[3]
  }
  model m on x: number -> number = x |> dense(1) as out
  train {
    loss: mse
#!        ^^^ loss-does-not-fit: help: the values of an ordinal have an order and no distances: end the model in `coral(K)` and `-> logit[K - 1]`, and take `coral`
  }

#! numbers one score less than there are values
  data points {
    source: table {
      | a | y |
      | 1 | 2 |
      | 2 | 0 |
    }
    input  x: number = a
    target y: ordinal[3]
  }
  model m on x: number -> logit[3] = x |> dense(3) as out
  train {
    loss: coral
#!        ^^^^^ loss-does-not-fit: help: the last layer should give 2 instead of 3
  }

#! numbers
  data points {
    source: table {
      | a | y |
      | 1 | 2 |
      | 2 | 0 |
    }
    input  x: number = a
    target y: ordinal[3]
  }
  model m on x: number -> logit[K - 1] = x |> dense(3) as out
#!                                            ^^^^^^^^^^^^^^^ result-mismatch: help: the last layer should give K - 1 = 2 instead of 3
  train {
    loss: coral
  }

#! numbers all words of an ordinal are listed, once
  data points {
    source: table {
      | a | y   |
      | 1 | low |
    }
    input  x: number = a
    target y: ordinal["low", "high", ..]
#!                                   ^^ wrong-value: help: words that are not listed have no place in the order
  }

#! numbers
  data points {
    source: table {
      | a | y   |
      | 1 | low |
    }
    input  x: number = a
    target y: ordinal["low", "high", "low"]
#!            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ name-twice: `low`
  }

#! numbers of a set several labels may be on
  data points {
    source: table {
      | a | b        | y          |
      | 1 | oak      | sweet/dry  |
      | 2 | oak; fig | dry        |
      | 3 |          | sweet      |
    }
    input  x: number = a
    input  b: set["oak", ..]?
    target y: set["dry", "sweet"] = y |> separated("/", missing: empty)
  }
  model m on (x: number, b: set[B]) -> logit[K] = concat(x, b) |> dense(K) as out
  train {
    loss:    binary_cross_entropy
    metrics: [accuracy, subset_accuracy, hamming, jaccard(macro), f1(samples), precision, recall, auroc, average_precision]
  }

#! numbers a softmax gives all to one
  data points {
    source: table {
      | a | y          |
      | 1 | sweet; dry |
      | 2 | dry        |
    }
    input  x: number = a
    target y: set["dry", "sweet"]
  }
  model m on x: number -> logits[K] = x |> dense(K) as out
  train {
    loss: cross_entropy
#!        ^^^^^^^^^^^^^ loss-does-not-fit: help: of a set several labels may be on, and a softmax gives all to one: let the model give `-> logit[K]`, and take `binary_cross_entropy`
  }

#! numbers
  data points {
    source: table {
      | a | y          |
      | 1 | sweet; dry |
      | 2 | dry        |
    }
    input  x: number = a
    target y: set["dry", "sweet"]
  }
  model m on x: number -> logit[3] = x |> dense(3) as out
  train {
    loss: binary_cross_entropy
#!        ^^^^^^^^^^^^^^^^^^^^ loss-does-not-fit: help: the last layer should give 2 instead of 3
  }

#! numbers a set stands where numbers do, and no class does
  data points {
    source: table {
      | a | b   | y |
      | 1 | oak | 1 |
    }
    input  x: number = a
    input  b: set["oak", "fig"]
#!            ^^^^^^^^^^^^^^^^^ type-mismatch: the model `m` wants class[B] as `b`, but gets set[2]
    target y: number
  }
  model m on (x: number, b: class[B]) -> number = b |> embed(1) as out

#! numbers
  data points {
    source: table {
      | a | b   | y |
      | 1 | oak | 1 |
    }
    input  x: number = a
    input  b: set["oak", "fig", "oak"]
#!            ^^^^^^^^^^^^^^^^^^^^^^^^ name-twice: `oak`
    target y: number
  }

#! numbers what a cell holds is said behind its column
  data points {
    source: table {
      | a | b   | y |
      | 1 | oak | 1 |
    }
    input  x: number = a |> separated(",")
#!                          ^^^^^^^^^^^^^^ separates-no-set
    input  b: set["oak", "fig"]
    target y: number
  }

#! numbers
  data points {
    source: table {
      | a | b   | y |
      | 1 | oak | 1 |
    }
    input  x: number = a
    input  b: set["oak", "fig"] = b |> separated("")
#!                                               ^^ wrong-kind: what stands between two labels
    target y: number
  }

#! numbers
  data points {
    source: table {
      | a | b   | y |
      | 1 | oak | 1 |
    }
    input  x: number = a
    input  b: set["oak", "fig"]? = b |> separated(missing: empty)
#!                                                         ^^^^^ wrong-value: `missing` wants a type without `?`
    target y: number
  }
