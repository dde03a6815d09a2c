dlm 1

## First names: is a name a woman's or a man's?
##
## The lesson: a text becomes tokens, here its letters, by a formula of the field: `lower |> chars`. The vocabulary is that of
## the training rows. Names are of different lengths: places behind the end hold token 0, which has a row of the table like any
## letter, so the filters see where a name ends. `max` then asks of each filter whether it has fired anywhere.
data names {
  source: csv("data/names/first_names.csv.gz")
  split:  given(by: split, val: 10%)

  input  name:   tokens[12, 40] = name |> lower |> chars
  target gender: binary["female", "male"]
}

model reader on name: tokens[T, V] -> logit {
  name
  |> embed(24)                       as letters
  |> conv(128, kernel: 4, act: relu) as endings
  |> max(over: 0)
  |> dropout(40%)
  |> dense(1)                        as head
}

train {
  model:     reader
  data:      names
  loss:      binary_cross_entropy
  optimizer: adam(lr: 3e-3)
  batch:     64
  for:       10 epochs
  metrics:   [accuracy]
  seed:      1
}
