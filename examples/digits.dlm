dlm 1

## Handwritten digits, 8 × 8 pixels each, read from a table of 1,797 rows.
##
## The lesson: a network with more weights than it has images must be kept from learning them by heart. Four things do
## that here. `dropout` hides numbers at random, pixels among them; `l2` and `l1` make large weights expensive; the
## schedule lets the steps shrink; and `stop` ends the training when the images that nobody trains on get no better. Take
## one of them away and compare: `dlmc run examples/digits.dlm --set hide_pixels.p=0%`.
data digits {
  source: csv("data/digits/digits.csv")
  split:  stratified(train: 70%, val: 10%, test: 20%, by: digit)

  input  pixels: f32[64]   = columns("pixel_*") |> scale(0 .. 1)  # the range is taken from the training images
  target digit:  class[10] = target
}

model mlp on pixels: f32[64] -> logits[K] {
  pixels
  |> dropout(10%)     as hide_pixels
  |> dense(512, relu) as fc1
  |> dropout(50%)     as hide_features
  |> dense(128, relu) as fc2
  |> dense(K)         as head  # K is the number of digits in the data
}

train {
  model: mlp
  data:  digits
  loss:  cross_entropy

  regularize {
    l2(1e-5) on *.w    # all weights, no biases
    l1(1e-5) on fc1.w  # pixels that say nothing get no weight
  }

  optimizer: adam(lr: 2e-3)
  schedule:  cosine(warmup: 1 epoch)
  batch:     32
  for:       80 epochs
  metrics:   [accuracy, confusion]
  stop:      patience(val.loss, 15 epochs)
  keep:      best(val.loss)
  seed:      1
}
