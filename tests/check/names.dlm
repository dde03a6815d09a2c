# Names: what is not there, and what is there twice.

#! numbers a misspelt layer
  model m on x: f32[4] -> f32[1] {
    x |> dence(8, relu) |> dense(1) as out
#!       ^^^^^ unknown-name: did you mean `dense`?
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    x |> dense(8, rulu) |> dense(1) as out
#!                ^^^^ unknown-name: did you mean `relu`?
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    x |> batchnorm |> dense(1)
#!       ^^^^^^^^^ unknown-name: did you mean `batch_norm`?
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    x |> transformer(8) |> dense(1)
#!       ^^^^^^^^^^^ unknown-name: there is no layer called `transformer`
  }

#! numbers a misspelt function
  model m on x: f32[4] -> f32[1] {
    y = sgmoid(x)
#!      ^^^^^^ unknown-name: did you mean `sigmoid`?
    y |> dense(1)
  }

#! numbers a misspelt value
  model m on x: f32[4] -> f32[1] {
    hidden = x |> dense(1) as one
    hiden + 1
#!  ^^^^^ unknown-name: did you mean `hidden`?
  }

#! numbers
  let width: int = 8
  model m on x: f32[4] -> f32[1] = x |> dense(widht, relu) |> dense(1) as out
#!                                            ^^^^^ unknown-name: did you mean `width`?

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(many) |> dense(1) as out
#!                                            ^^^^ wrong-value: `units` wants a whole number, not `many`

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(N) |> dense(1) as out
#!                                            ^ size-unsolved: the size `N` cannot be found from the inputs

#! numbers a misspelt type
  model m on x: f32[4] -> logts[1] {
#!                        ^^^^^ unknown-name: did you mean `logits`?
    x |> dense(1)
  }

#! numbers
  model m on x: f64[4] -> f32[1] {
#!              ^^^ unknown-name: did you mean `f32`?
    x |> dense(1)
  }

#! numbers a misspelt encoder
  data points {
    source: table {
      | a | b | c | d | y |
      | 1 | 2 | 3 | 4 | 1 |
    }
    input  x: f32[4] = [a, b, c, d] |> standrdize
#!                                     ^^^^^^^^^^ unknown-name: did you mean `standardize`?
    target y: number
  }

#! numbers
  data points {
    source: table {
      | a | b | c | d | y |
      | 1 | 2 | 3 | 4 | 1 |
    }
    input  x: f32[4] = [a, b, c, d]
    target y: number = y |> imputed(median)
#!                          ^^^^^^^ unknown-name: did you mean `impute`?
  }

#! numbers
  data points {
    source: table {
      | a | b | c | d | y |
      | 1 | 2 | 3 | 4 | 1 |
    }
    input  x: f32[4] = [a, b, c, d]
    target y: number = y |> impute(medan)
#!                                 ^^^^^ unknown-name: did you mean `median`?
  }

#! numbers `as` and `on` with a letter too many
  model m on x: f32[4] -> f32[1] = x |> dense(8, relu) asx one |> dense(1)
#!                                                     ^^^ unknown-word: did you mean `as`?

#! numbers
  train {
    loss: mean_square
#!        ^^^^^^^^^^^ unknown-name: there are `binary_cross_entropy`
  }

#! numbers a definition that gives nothing
  model m on x: f32[4] -> f32[1] {
#!^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ gives-nothing: the model `m` gives nothing
    y = x |> dense(1)
  }

#! numbers a name is looked for in its own kind only
  model m on x: f32[4] -> f32[1] = x |> mse |> dense(1)
#!                                      ^^^ wrong-kind: the loss `mse` stands where a layer or a function is wanted

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(8, adam) |> dense(1) as out
#!                                               ^^^^ wrong-value: `act` wants a function, like `identity`, not the optimizer `adam`

#! check definitions that no train block reaches are read too
  layer tower on x: f32[N] -> f32[N] {
    y = x |> dens(N)
#!           ^^^^ unknown-name: did you mean `dense`?
    y |> norm(3)
#!       ^^^^ unknown-name: there is no layer called `norm`
  }

#! numbers two declarations of one name
  let width = 3
#!    ----- name-twice
  let width = 4
#!    ^^^^^ name-twice: `width` is declared twice

#! numbers
  layer one on x: f32[N] -> f32[N] = x
#!      --- name-twice
  layer one on x: f32[N] -> f32[N] = x
#!      ^^^ name-twice

#! numbers
  data points {
#!     ------ name-twice
    source: csv("points.csv")
    input x: f32[4] = columns("x_*")
    target y: number
  }
  data points {
#!     ^^^^^^ name-twice
    source: csv("points.csv")
    input x: f32[4] = columns("x_*")
    target y: number
  }

#! numbers a layer and a function of one name are two things that a formula cannot tell apart
  layer one on x: f32[N] -> f32[N] = x
#!      --- name-twice
  fn one(x) = x
#!   ^^^ name-twice

#! numbers a metric may have the name of a loss, and a model that of its data
  loss off on (a: f32[N], b: f32[N]) = mean(abs(a - b))
  metric off on (a: f32[N], b: f32[N]) -> error = mean(abs(a - b))
  train {
    loss:    off
    metrics: [off]
  }

#! numbers two fields of one name
  data points {
    source: csv("points.csv")
    input x: f32[4] = columns("x_*")
#!        - name-twice
    input x: number
#!        ^ name-twice
    target y: number
  }

#! numbers twin stages
  model m on x: f32[4] -> f32[1] {
    x |> dense(8, relu)
#!       -------------- twin-stages
      |> dense(1)
#!       ^^^^^^^^ twin-stages: two stages are called `dense`
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    a = x |> dense(8, relu) as one
#!                             --- twin-stages
    a |> dense(1) as one
#!                   ^^^ twin-stages
  }

#! numbers layers without parameters may come twice
  model m on x: f32[4] -> f32[1] {
    x |> dropout |> dense(8, relu) as one |> dropout |> dense(1)
  }

#! numbers the same name in two layers is two names
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)
  model m on x: f32[4] -> f32[1] = x |> block as a |> block as b |> dense(1)

#! numbers a setting that a callable does not have
  model m on x: f32[4] -> f32[1] = x |> dense(1, nonlinear: relu)
#!                                               ^^^^^^^^^ unknown-argument: it takes `units`, `act`, `bias` and `init`

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1, activation: relu)
#!                                               ^^^^^^^^^^ unknown-argument: did you mean `act`?

#! numbers
  train {
    optimizer: adam(lr = 0.1)
#!                     ^ equals-for-colon
  }

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1, unit: 3)
#!                                               ^^^^ unknown-argument: did you mean `units`?

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1, relu, yes, zeros, 3)
#!                                                                 ^ too-many-arguments: takes 4 arguments

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1, act: relu, act: tanh)
#!                                                          ^^^ argument-twice
#!                                               --- argument-twice

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(1, units: 3)
#!                                               ^^^^^ argument-twice
#!                                            - argument-twice

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense
#!                                      ^^^^^ argument-missing: the layer `dense` needs `units`

#! numbers
  layer scaled(by: real, twice: bool = no) on x: f32[N] -> f32[N] = x * by
#!             -- argument-missing
  model m on x: f32[4] -> f32[1] = x |> scaled(twice: yes) |> dense(1)
#!                                      ^^^^^^^^^^^^^^^^^^ argument-missing: the layer `scaled` needs `by`

#! numbers
  fn double(x) = 2 * x
  model m on x: f32[4] -> f32[1] = double(x, 3) |> dense(1)
#!                                           ^ too-many-arguments: the function `double` takes 1 argument

#! numbers
  model m on x: f32[4] -> f32[1] = sqrt(x, x) |> dense(1)
#!                                 ^^^^^^^^^^ input-count: `sqrt` takes 1 input, but gets 2

#! numbers a rank is one among the examples
  model m on x: f32[4] -> f32[1] = rank(x) |> dense(1)
#!                                 ^^^^^^^ wrong-kind: no `over` stands where `over: batch` is wanted

#! numbers
  model m on x: f32[4] -> f32[1] = rank(x, over: 0) |> dense(1)
#!                                               ^ wrong-kind: 0 stands where `batch` is wanted

#! numbers inputs come by the pipe
  model m on x: f32[4] -> f32[1] = dense(1)
#!                                 ^^^^^^^^ wrong-kind: apply it to something: `x |> dense`

#! numbers
  model m on x: f32[4] -> f32[1] = dense(x, 1)
#!                                       ^ wrong-kind: its inputs come by the pipe: `x |> dense(1)`

#! numbers
  layer both on (a: f32[N], b: f32[N]) -> f32[N] = a + b
#!---------------------------------------------- input-count
  model m on x: f32[4] -> f32[1] = x |> both |> dense(1)
#!                                      ^^^^ input-count: the layer `both` takes 2 inputs, but gets 1

#! numbers
  layer both on (a: f32[N], b: f32[N]) -> f32[N] = a + b
  model m on x: f32[4] -> f32[1] = (x, 2 * x) |> both |> dense(1)

#! numbers a definition that uses itself
  layer loop on x: f32[N] -> f32[N] = x |> loop
#!                                         ^^^^ endless-definition: `loop` is defined by itself
  model m on x: f32[4] -> f32[1] = x |> loop |> dense(1)

#! numbers
  let a = b + 1
#!    ^ endless-definition: `a` is defined by itself
  let b = a + 1
  model m on x: f32[4] -> f32[1] = x |> dense(a) |> dense(1) as out

#! numbers
  fn even(x) = odd(x - 1)
  fn odd(x) = even(x - 1)
#!            ^^^^^^^^^^^ endless-definition
  model m on x: f32[4] -> f32[1] = even(x) |> dense(1)

#! check a circle that no train block reaches
  layer loop on x: f32[N] -> f32[N] = x |> loop
#!                                         ^^^^ endless-definition

#! numbers imports
  use "parts.dlm" { block, width }
  model m on x: f32[4] -> f32[1] = x |> block |> dense(width) as b |> dense(1)
#! file parts.dlm
  let width: int = 3
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers
  use "part.dlm" { block }
#!    ^^^^^^^^^^ import-missing: there is no such file
  model m on x: f32[4] -> f32[1] = x |> block |> dense(1)

#! numbers
  use "parts.dlm" { blok }
#!                  ^^^^ imported-name-missing: did you mean `block`?
  model m on x: f32[4] -> f32[1] = x |> blok |> dense(1)
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers
  use "parts.dlm" { block }
  model m on x: f32[4] -> f32[1] = x |> block |> dense(1)
#! file parts.dlm
  use "test.dlm" { m }
#!    ^^^^^^^^^^ import-cycle
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers
  use "a/parts.dlm" { block }
  model m on x: f32[4] -> f32[1] = x |> block |> dense(1)
#! file a/parts.dlm
  use "../b.dlm" { inner }
  layer block on x: f32[N] -> f32[N] = x |> inner
#! file b.dlm
  layer inner on x: f32[N] -> f32[N] = x |> dense(N, relo)
#!                                                   ^^^^ unknown-name: did you mean `relu`?

#! numbers
  use "parts.dlm" { block }
#!                  ^^^^^ name-twice
  layer block on x: f32[N] -> f32[N] = x
#!      ----- name-twice
  model m on x: f32[4] -> f32[1] = x |> block |> dense(1)
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers imports under another name
  use "parts.dlm" { block as inner, width as w, mse as halved }
  layer block on x: f32[N] -> f32[N] = x |> inner |> relu
  let height: int = 5
  model m on x: f32[4] -> f32[1] = x |> block |> dense(w + height) as b |> dense(1)
  train {
    loss: halved
  }
#! file parts.dlm
  let height: int = 3
  let width = height
  loss mse on (yhat: f32[N], y: f32[N]) = mean((y - yhat)^2) / 2
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers its own name is free
  use "parts.dlm" { block as inner }
  model m on x: f32[4] -> f32[1] = x |> block |> dense(1)
#!                                      ^^^^^ unknown-name: there is no layer called `block`
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers
  use "parts.dlm" { blok as inner }
#!                  ^^^^ imported-name-missing: did you mean `block`?
  model m on x: f32[4] -> f32[1] = x |> inner |> dense(1)
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers two of one name
  use "parts.dlm" { block as inner }
#!                           ^^^^^ name-twice
  layer inner on x: f32[N] -> f32[N] = x
#!      ----- name-twice
  model m on x: f32[4] -> f32[1] = x |> inner |> dense(1)
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers
  use "parts.dlm" { block, other as block }
#!                                  ^^^^^ name-twice
  model m on x: f32[4] -> f32[1] = x |> block |> dense(1)
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)
#!      ----- name-twice
  layer other on x: f32[N] -> f32[N] = x

#! numbers what is wrong with it is told by the name that it has here
  use "parts.dlm" { block as inner }
  model m on x: f32[4] -> f32[1] = x |> inner(5) |> dense(1)
#!                                            ^ too-many-arguments: the layer `inner` takes 0 arguments
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers the library too
  use std { dense as linear }
  model m on x: f32[4] -> f32[1] = x |> linear(3, tanh) |> dense(1)

#! numbers a circle through two names
  use "parts.dlm" { block as inner }
  model m on x: f32[4] -> f32[1] = x |> inner |> dense(1)
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> block
#!                                          ^^^^^ endless-definition

#! numbers a file as a whole
  use "parts.dlm" as parts
  model m on x: f32[4] -> f32[1] = x |> parts.block |> dense(parts.width) as b |> dense(1)
  train {
    loss: parts.mse
  }
#! file parts.dlm
  let width: int = 3
  loss mse on (yhat: f32[N], y: f32[N]) = mean((y - yhat)^2) / 2
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers and some of its names
  use "parts.dlm" as parts { width }
  model m on x: f32[4] -> f32[1] = x |> parts.block |> dense(width) as b |> dense(1)
#! file parts.dlm
  let width: int = 3
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers a file as a whole that nothing reads
  use "parts.dlm" as parts
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers
  use "parts.dlm" as parts
  model m on x: f32[4] -> f32[1] = x |> parts.blok |> dense(1)
#!                                            ^^^^ imported-name-missing: did you mean `block`?
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers one cause, one message
  use "parts.dlm" as parts
  model m on x: f32[4] -> f32[1] = x |> parts.blok as one |> parts.blok as two |> dense(1)
#!                                            ^^^^ imported-name-missing: did you mean `block`?
#!                                                                 ---- imported-name-missing
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers a type too
  use "parts.dlm" as parts
  model m on x: f32[4] -> f32[1] = x |> dense(1)
  loss l on (yhat: parts.nett.output, y: f32[1]) = mean(y - yhat)
#!                       ^^^^ imported-name-missing: did you mean `net`?
#! file parts.dlm
  model net on x: f32[4] -> (a: f32[1], b: f32[1]) = (a: x |> dense(1) as a, b: x |> dense(1) as b)

#! numbers
  use "part.dlm" as parts
#!    ^^^^^^^^^^ import-missing: there is no such file
  model m on x: f32[4] -> f32[1] = x |> parts.block |> dense(parts.width)

#! numbers the file alone
  use "parts.dlm" as parts
  model m on x: f32[4] -> f32[1] = x |> parts |> dense(1)
#!                                      ^^^^^ unknown-name: `parts` is a whole file: write `parts.` and a name that the file declares
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers a stage
  use "parts.dlm" as parts
#!                   ----- alias-taken
  model m on x: f32[4] -> f32[1] = x |> repeat(2, parts.block) as parts |> dense(1)
#!                                                                ^^^^^ alias-taken
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers an input
  use "parts.dlm" as x
#!                   - alias-taken
  model m on x: f32[4] -> f32[1] = x |> dense(1)
#!           ^ alias-taken
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers a declaration
  let parts = 3
#!    ^^^^^ alias-taken
  use "parts.dlm" as parts
#!                   ----- alias-taken
  model m on x: f32[4] -> f32[1] = x |> parts.block |> dense(1)
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers two files of one name
  use "parts.dlm" as parts
#!                   ----- name-twice
  use "other.dlm" as parts
#!                   ^^^^^ name-twice
  model m on x: f32[4] -> f32[1] = x |> parts.block |> dense(1)
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)
#! file other.dlm
  let width = 3

#! numbers a file as a whole has its own alone
  use "parts.dlm" as parts
  model m on x: f32[4] -> f32[1] = x |> parts.inner |> parts.block |> dense(1)
#!                                            ^^^^^ imported-name-missing: the imported file declares no `inner`
#! file parts.dlm
  use "more.dlm" { inner }
  layer block on x: f32[N] -> f32[N] = x |> inner
#! file more.dlm
  layer inner on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers an import of what is imported there
  use "parts.dlm" { inner }
#!                  ^^^^^ imported-name-missing
  model m on x: f32[4] -> f32[1] = x |> inner |> dense(1)
#! file parts.dlm
  use "more.dlm" { inner }
  layer block on x: f32[N] -> f32[N] = x |> inner
#! file more.dlm
  layer inner on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers what is wrong with it is told by the name that it has here
  use "parts.dlm" as parts
  model m on x: f32[4] -> f32[1] = x |> parts.block(5) |> dense(1)
#!                                                  ^ too-many-arguments: the layer `parts.block` takes 0 arguments
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers twins
  use "parts.dlm" as parts
  model m on x: f32[4] -> f32[1] = x |> parts.block |> parts.block |> dense(1)
#!                                      ----------- twin-stages
#!                                                     ^^^^^^^^^^^ twin-stages: two stages are called `block`
#! file parts.dlm
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers a circle
  use "parts.dlm" as parts
  model m on x: f32[4] -> f32[1] = x |> parts.block |> dense(1)
#! file parts.dlm
  use "test.dlm" as test
#!    ^^^^^^^^^^ import-cycle
  layer block on x: f32[N] -> f32[N] = x |> dense(test.width, relu)

#! numbers the library
  use std as library
  use std.vision as vision
  model m on x: f32[4] -> f32[1] =
    reshape(x, [2, 2, 1]) |> vision.squeeze_excitation(1) |> flatten |> library.dense(1)

#! numbers
  use std.vision as vision
  model m on x: f32[4] -> f32[1] = reshape(x, [2, 2, 1]) |> vision.squeeze_exitation(1) |> flatten |> dense(1)
#!                                                                 ^^^^^^^^^^^^^^^^^ imported-name-missing: did you mean `squeeze_excitation`?

#! numbers no names
  use "parts.dlm"
#!^^^^^^^^^^^^^^^ import-without-names: this file uses `block` and `width`
  model m on x: f32[4] -> f32[1] = x |> block |> dense(width) as b |> dense(1)
#! file parts.dlm
  let width: int = 3
  let height: int = 3
  layer block on x: f32[N] -> f32[N] = x |> dense(N, relu)

#! numbers
  use std
#!^^^^^^^ import-without-names: leave the line away
  model m on x: f32[4] -> f32[1] = x |> dense(1)

#! numbers a part of the library
  use std.vision { squeeze_excitation as weighed }
  model m on x: f32[4] -> f32[1] = reshape(x, [2, 2, 1]) |> weighed(1) |> flatten |> dense(1)

#! numbers
  use std.visoin { conv_norm }
#!    ^^^^^^^^^^ unknown-name: did you mean `std.vision`?
  model m on x: f32[4] -> f32[1] = x |> conv_norm |> dense(1)

#! numbers
  use std.vision { resnet81 }
#!                 ^^^^^^^^ imported-name-missing: did you mean `resnet18`?
  model m on x: f32[4] -> f32[1] = x |> resnet81 |> dense(1)

#! numbers
  use std.layers { conv_norm }
#!                 ^^^^^^^^^ imported-name-missing: it is one of `std.vision`: `use std.vision { conv_norm }`
  model m on x: f32[4] -> f32[1] = x |> conv_norm |> dense(1)

#! numbers what a part of the library has stands in nobody's way
  model m on x: f32[4] -> f32[1] = reshape(x, [2, 2, 1]) |> conv_norm(1) |> flatten |> dense(1)
#!                                                          ^^^^^^^^^ unknown-name: the library has it in `std.vision`: `use std.vision { conv_norm }`

#! numbers
  layer conv_norm(n: int) on x: f32[I] -> f32[n] = x |> dense(n) |> batch_norm
  model m on x: f32[4] -> f32[1] = x |> conv_norm(2) |> dense(1) as out

#! numbers a definition in place of the library's
  loss mse on (yhat: f32[N], y: f32[N]) = mean((y - yhat)^2) / 2
#!     ^^^ shadows-library: this file's loss `mse` takes the place of the library's

#! numbers parts of values
  model m on x: f32[4] -> f32[1] {
    x |> dense(2) as a |> dense(1) as b
    b + sum(a.w) + a.v[0]
#!                   ^ unknown-name: there is no
  }

#! numbers
  model m on x: f32[4] -> f32[1] {
    x' = x + 1
#!  ^ wrong-kind: f32[4] stands where a state or a parameter is wanted
    x |> dense(1)
  }

#! numbers a function that is handed on with arguments which it does not take
  model m on x: f32[4] -> f32[1] = x |> dense(8, leaky_relu(slop: 0.1)) |> dense(1) as out
#!                                                          ^^^^ unknown-argument: did you mean `slope`?

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(8, leaky_relu(0.1, 0.2)) |> dense(1) as out
#!                                                               ^^^ too-many-arguments

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(8, init: normal(0.1)) |> dense(1) as out
#!                                                     ^^^^^^^^^^^ input-count

#! numbers
  model m on x: f32[4] -> f32[1] = x |> dense(8, init: nomral(0, 0.1)) |> dense(1) as out
#!                                                     ^^^^^^ unknown-name: did you mean `normal`?
