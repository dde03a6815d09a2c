dlm 1

## Handwritten digits, learned so that the model tells next to nothing of any one of its training images.
##
## The lesson: privacy has a price, and the price is known beforehand. `hidden` limits what one image can do to an update,
## and adds noise that hides it; `dlmc check` says how much noise the budget asks for. `open` is the same training without.
## Of the images of the test, `dlmc run examples/digits_private.dlm hidden` reads 93.0%, and the same with `open` 95.5%.
data digits {
  source: csv("data/digits/digits.csv")
  split:  stratified(train: 70%, val: 10%, test: 20%, by: digit)

  # What is known without the rows costs nothing: pixels go up to 16, and these are all digits.
  input  pixels: f32[64] = columns("pixel_*") / 16
  target digit:  class["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] = target
}

model reader on pixels: f32[64] -> logits[10] {
  pixels |> dense(32, tanh) as strokes |> dense(10) as answer
}

train hidden {
  model:     reader
  data:      digits
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  batch:     128
  for:       40 epochs
  metrics:   [accuracy]
  seed:      1

  privacy {
    method: dp_sgd(clip: 1.0)
    budget: epsilon(3, delta: 1e-5)
    seed:   1  # dlmc: allow(noise-not-secret): an example is there to be repeated
  }
}

train open {
  model:     reader
  data:      digits
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  batch:     128
  for:       40 epochs
  metrics:   [accuracy]
  seed:      1
}
