dlm 1

## Three kinds of penguin near Palmer Station, from what was measured on them, where they live, and their sex.
##
## The lesson: tables have holes and words. A missing number is imputed with the median of the training rows; a word
## becomes a row of a small table that is trained with the rest; and where a word may be missing, as the sex of eleven
## birds is, the `?` gives its table one more row for those.
data penguins {
  source: csv("data/penguins/penguins.csv", missing: ["", "NA"])
  split:  stratified(train: 60%, val: 20%, test: 20%, by: species)

  input  bill_length: number = bill_length_mm    |> impute(median) |> standardize
  input  bill_depth:  number = bill_depth_mm     |> impute(median) |> standardize
  input  flipper:     number = flipper_length_mm |> impute(median) |> standardize
  input  mass:        number = body_mass_g       |> impute(median) |> standardize
  input  island:      class["Biscoe", "Dream", "Torgersen"]
  input  sex:         class["female", "male"]?
  target species:     class["Adelie", "Chinstrap", "Gentoo"]
  ignore year
}

model net on (bill_length: number, bill_depth: number, flipper: number, mass: number, island: class[I], sex: class[S]?)
  -> logits[K]
{
  home = island |> embed(2) as islands
  kind = sex    |> embed(2) as sexes
  concat(bill_length, bill_depth, flipper, mass, home, kind)
  |> dense(16, relu) as hidden
  |> dense(K)        as head
}

train {
  model:     net
  data:      penguins
  loss:      cross_entropy
  optimizer: adamw(lr: 0.01, decay: 0.01)
  schedule:  linear(warmup: 5%)
  batch:     16
  for:       40 epochs
  metrics:   [accuracy]
  keep:      best(val.loss)
  seed:      1
}
