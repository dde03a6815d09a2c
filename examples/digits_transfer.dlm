dlm 1

## The digits from 5 to 9, of which only ten each are there to learn from, and in only twenty steps.
##
## The lesson: what a network has learned to see for one question serves another. The first layers of this one have seen the
## digits from 0 to 4 (`data/digits/low.dlm`), so they know strokes and how strokes meet. The head is new; the first layer
## waits until the head knows what it wants. Of the other 350 images it reads about 89 %. Take the `transfer` away, and it
## reads about 54 %.
data high {
  source: csv("data/digits/high.csv")
  split:  stratified(train: 12.5%, test: 87.5%, by: digit)

  input  pixels: f32[64] = columns("pixel_*") |> scale(0 .. 1)
  target digit:  class["5", "6", "7", "8", "9"] = target
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
  pixels |> reshape([8, 8, 1]) |> sight as eyes |> flatten |> dense(K) as head
}

train {
  model:     cnn
  data:      high
  loss:      cross_entropy
  optimizer: adam(lr: 5e-3)
  schedule:  cosine(warmup: 10%)
  batch:     10
  for:       4 epochs
  metrics:   [accuracy]
  seed:      1

  transfer eyes from "data/digits/low.dlmx" {
    sha256: "0713a19a5eb99e679f05d7826c2611ba7104683b5d66dd9a818553166be35129"
    skip "head.*"  # it tells other digits apart
    freeze strokes until 2 epochs
  }
}
