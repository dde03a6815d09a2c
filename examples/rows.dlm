dlm 1

## Handwritten digits, read row by row: eight rows of eight pixels, as a sequence.
##
## The lesson: a recurrent network sees one row at a time and carries what it has seen. `bidirectional` reads the rows from
## the top and from the bottom; the formula of the layer inside, a gated recurrent unit, is in the library's own text:
## `dlmc doc gru`.
data digits {
  source: csv("data/digits/digits.csv")
  split:  stratified(train: 70%, val: 10%, test: 20%, by: digit)

  input  pixels: f32[64]   = columns("pixel_*") |> scale(0 .. 1)
  target digit:  class[10] = target
}

model reader on pixels: f32[64] -> logits[K] {
  pixels
  |> reshape([8, 8])
  |> bidirectional(gru(32)) as rows
  |> flatten
  |> dropout(20%)
  |> dense(K)               as head
}

train {
  model:     reader
  data:      digits
  loss:      cross_entropy
  optimizer: adam(lr: 3e-3)
  schedule:  cosine(warmup: 1 epoch)
  batch:     32
  for:       20 epochs
  clip:      norm(1.0)
  metrics:   [accuracy]
  seed:      1
}
