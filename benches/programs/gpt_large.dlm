dlm 1

let context: int = 256
let width:   int = 384

data shakespeare {
  source: text_file("tiny_shakespeare/input.txt")
  split:  by_position(train: 90%, val: 10%)
  input  text: tokens[context, 65] = chars |> window(context)
  target next: tokens[context, 65] = chars |> window(context, offset: 1)
}

model gpt on text: tokens[T, V] -> logits[T, V] {
  x = (text |> embed(width) as tok) + (positions(T) |> embed(width) as pos)
  x
  |> repeat(6, transformer_block(heads: 6, causal: yes)) as blocks
  |> layer_norm                                          as norm
  |> tied_to(tok)
}

train {
  model:     gpt
  data:      shakespeare
  loss:      cross_entropy
  optimizer: adamw(lr: 1e-3, b2: 0.99, decay: 0.1)
  batch:     8
  for:       2000 steps
  seed:      1
}
