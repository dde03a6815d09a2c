dlm 1

## Handwritten digits again, read as images of 8 rows and 8 columns.
##
## The lesson: what is true of one place of an image is true of the next. A convolution has one small set of weights for
## all places, so this network reads the digits better than the one of `digits.dlm` with a sixteenth of its weights.
## Pooling keeps the strongest answer of neighbouring places, which forgives a digit that is written a little further to
## the left. Normalising over the batch lets the steps be large.
data digits {
  source: csv("data/digits/digits.csv")
  split:  stratified(train: 70%, val: 10%, test: 20%, by: digit)

  input  pixels: f32[64]   = columns("pixel_*") |> scale(0 .. 1)
  target digit:  class[10] = target
}

## Every result says what it gives: half the rows, half the columns, as many channels as it is told. On an image of 7 rows
## this is no layer, and dlmc says so.
layer glance(channels: int) on x: f32[H, W, C] -> f32[H / 2, W / 2, channels] {
  x
  |> conv(channels, kernel: 3, bias: no)  # the shift of the next line is the bias
  |> batch_norm
  |> relu
  |> max_pool(2)
}

model cnn on pixels: f32[64] -> logits[K] {
  pixels
  |> reshape([8, 8, 1])  # one channel of grey
  |> glance(16) as strokes
  |> glance(32) as shapes
  |> flatten
  |> dropout(30%)
  |> dense(K)   as head
}

train {
  model:     cnn
  data:      digits
  loss:      cross_entropy
  optimizer: adam(lr: 5e-3)
  schedule:  cosine(warmup: 1 epoch)
  batch:     32
  for:       12 epochs
  metrics:   [accuracy, confusion]
  keep:      best(val.loss)
  seed:      1
}
