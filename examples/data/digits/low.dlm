dlm 1

## The digits from 0 to 4, for a network whose first layers another program goes on with: `digits_transfer.dlm`.
data low {
  source: csv("low.csv")
  split:  stratified(train: 80%, test: 20%, by: digit)

  input  pixels: f32[64]  = columns("pixel_*") |> scale(0 .. 1)
  target digit:  class[5] = target
}

layer glance(channels: int) on x: f32[H, W, C] -> f32[H / 2, W / 2, channels] {
  x
  |> conv(channels, kernel: 3, bias: no)
  |> batch_norm
  |> relu
  |> max_pool(2)
}

layer sight on x: f32[H, W, C] {
  x |> glance(16) as strokes |> glance(32) as shapes
}

model cnn on pixels: f32[64] -> logits[K] {
  pixels |> reshape([8, 8, 1]) |> sight as eyes |> flatten |> dropout(30%) |> dense(K) as head
}

train {
  model:     cnn
  data:      low
  loss:      cross_entropy
  optimizer: adam(lr: 5e-3)
  schedule:  cosine(warmup: 1 epoch)
  batch:     32
  for:       12 epochs
  metrics:   [accuracy]
  seed:      1
}
