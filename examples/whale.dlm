dlm 1

## The beginning of Moby-Dick, letter by letter: which letter comes next?
##
## The lesson: each row of a `text_file` is a character, and `window(32)` puts 32 of them side by side. The target is the
## window one further on, so each place learns what follows it; attention is causal, so none can look ahead. That is all that
## `dlmc generate runs/…/model.dlmx --prompt "Call me "` needs to go on with a text. With three chapters it learns to spell a few
## short words; `preview` shows what it has come to.
let width: int = 32

data whale {
  source: text_file("data/whale/chapters_1_to_3.txt")
  split:  by_position(train: 90%, val: 10%)

  input  text: tokens[32, 67] = chars |> window(32)
  target next: tokens[32, 67] = chars |> window(32, offset: 1)
}

model writer on text: tokens[T, V] -> logits[T, V] {
  x = (text |> embed(width) as letters) + (positions(T) |> embed(width) as places)
  x
  |> transformer_block(heads: 4, causal: yes) as block
  |> layer_norm                               as norm
  |> tied_to(letters)
}

train {
  model:     writer
  data:      whale
  loss:      cross_entropy
  optimizer: adamw(lr: 3e-3, decay: 0.01)
  schedule:  cosine(warmup: 5%)
  batch:     16
  for:       240 steps
  clip:      norm(1.0)
  validate:  every(120 steps)
  preview:   generate("Call me ", 80 tokens, temperature: 0.7)
  metrics:   [perplexity]
  seed:      1
}
