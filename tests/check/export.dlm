# A second artifact, for whoever predicts.

#! yes_no what is served may go unsaid
  export {
    file: "it.dlmx"
  }

#! yes_no
  export small {
    file:  "serving/it.dlmx"
    serve: [x]
  }
  export {
    file:  "serving/other.dlmx"
  }

#! yes_no what it does not know
  export {
    file:   "it.dlmx"
    serves: [x]
#!  ^^^^^^ unknown-setting: did you mean `serve`?
  }

#! yes_no
  export {
#!^^^^^^ setting-missing: say what it is called
    serve: [x]
  }

#! yes_no
  export {
    fiel: "it.dlmx"
#!  ^^^^ unknown-setting: did you mean `file`?
  }

#! yes_no
  export {
    file: it
#!        ^^ wrong-value: a name in quotes
  }

#! yes_no
  export {
    file: "it.dlmx"
    file: "at.dlmx"
#!  ^^^^ setting-twice
  }

#! yes_no where it may be written
  export {
    file: "../it.dlmx"
#!        ^^^^^^^^^^^^ export-file: leads out of the folder of the run
  }

#! yes_no
  export {
    file: "/srv/it.dlmx"
#!        ^^^^^^^^^^^^^^ export-file: leads out
  }

#! yes_no
  export {
    file: ""
#!        ^^ export-file: leads out
  }

#! yes_no
  export {
    file: "it.v2.safetensors"
#!        ^^^^^^^^^^^^^^^^^^^ export-file: write "it.v2.dlmx"
  }

#! yes_no
  export {
    file: "it/"
#!        ^^^^^ export-file: write "it.dlmx"
  }

#! yes_no
  export {
    file: "./Model.dlmx"
#!        ^^^^^^^^^^^^^^ export-file: is what the run itself calls a file
  }

#! yes_no
  export {
    file: "checkpoints/it.dlmx"
#!        ^^^^^^^^^^^^^^^^^^^^^ export-file: is what the run itself
  }

#! yes_no
  export a {
    file: "it.dlmx"
#!        --------- export-file
  }
  export b {
    file: "./it.dlmx"
#!        ^^^^^^^^^^^ export-file: is to be written twice
  }

#! yes_no
  export {
#!------ name-twice
    file: "it.dlmx"
  }
  export {
#!^^^^^^ name-twice
    file: "at.dlmx"
  }

#! yes_no what it may serve
  export {
    file:  "it.dlmx"
    serve: x
#!         ^ wrong-value: a list of fields
  }

#! yes_no
  export {
    file:  "it.dlmx"
    serve: [x, "y"]
#!             ^^^ wrong-value: a list of fields
  }

#! yes_no
  export {
    file:  "it.dlmx"
    serve: [y, x, x]
#!          ^ not-served: it is a target
#!                ^ not-served: is served twice
  }

#! yes_no
  export {
    file:  "it.dlmx"
    serve: [a, x]
#!          ^ not-served: write `x`
  }

#! yes_no
  export {
    file:  "it.dlmx"
    serve: [x, z]
#!             ^ unknown-name: no field
  }

#! yes_no
  export {
    file:  "it.dlmx"
    serve: []
#!         ^^ served-without: this export serves no `x`, and the model `m` reads it
  }

#! yes_no of every role
  export {
    file:  "it.dlmx"
    serve: [much, day, shop, name, x, other, notes_2]
#!          ^^^^ not-served: it is a weight
#!                ^^^ not-served: it is a time
#!                     ^^^^ not-served: it is a group
#!                                    ^^^^^ not-served: the model `m` does not read it
#!                                           ^^^^^^^ not-served: the data ignores it
  }
  data points {
    source: table {
      | a | b | c | d | y | much | day        | shop | name | other | notes_1 | notes_2 |
      | 1 | 2 | 3 | 4 | 1 | 1    | 2026-01-01 | p    | r1   | 1     |         |         |
    }
    input  x:     f32[4] = [a, b, c, d]
    target y:     binary
    weight much:  number
    time   day:   date
    group  shop:  text
    id     name:  text
    input  other: number
    ignore "notes_*"
  }

#! yes_no of several trainings
  export {
#!^^^^^^ setting-missing: `train: quick` or `train: slow`
    file: "it.dlmx"
  }
  train quick {
    model:     m
    data:      points
    loss:      binary_cross_entropy
    optimizer: adam
    for:       3 epochs
  }
  train slow {
    model:     m
    data:      points
    loss:      binary_cross_entropy
    optimizer: adam
    for:       4 epochs
  }

#! yes_no
  export {
    file:  "it.dlmx"
    train: quik
#!         ^^^^ unknown-name: quick
  }
  export one {
    file:  "it.dlmx"
    train: quick
  }
  export two {
    file:  "it.dlmx"
    train: slow
  }
  train quick {
    model:     m
    data:      points
    loss:      binary_cross_entropy
    optimizer: adam
    for:       3 epochs
  }
  train slow {
    model:     m
    data:      points
    loss:      binary_cross_entropy
    optimizer: adam
    for:       4 epochs
  }

#! check without a training
  export { file: "it.dlmx" }
#!^^^^^^ nothing-to-export

#! yes_no a setting may be given on the command line, and is no setting to be searched
  export {
    file: "it.dlmx"
  }
#! set export.file="at.dlmx"
#! set file="../at.dlmx" => export-file

#! yes_no
  export {
    file: "it.dlmx"
  }
  tune {
    export.file: choice("a.dlmx", "b.dlmx")
#!  ^^^^^^^^^^^ override-unmatched
    objective:   minimize(val.loss)
    budget:      2 trials
  }
