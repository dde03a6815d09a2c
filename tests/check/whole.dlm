#! check a program with most of the language is sound
  dlm 1

  let width: int = 4
  let half = width / 2

  data flowers {
    source: csv("flowers.csv", missing: ["", "NA"])
    split:  stratified(train: 70%, val: 15%, test: 15%, by: kind)
    seed:   3
    id     name:   text
    input  length: number  = length |> impute(median) |> standardize
    input  area:   f32[2]  = concat(width_cm * length_cm, log1p(width_cm)) |> standardize
    input  home:   class["wood", "field", ..]?
    weight trust:  number
    target kind:   class["rose", "tulip", "daisy"]
    ignore notes, "other *"
  }

  ## Twice as wide, gated.
  layer gated(units: int = 2 * width, act: fn = silu) on x: f32[.., I] -> f32[.., units] {
    require units > 0, "there is nothing to gate"
    param w: f32[I, units] ~ he_normal
    param v: f32[I, units] ~ normal(0, 0.1)
    state seen ~ 0
    seen' = seen + 1
    a = act(x @ w)
    a * (x @ v)
  }

  fn swap(a: f32[N], b: f32[N]) = concat(b, a)

  model net on (length: number, area: f32[2], home: class[H]?) -> logits[K] {
    place = home |> embed(half) as table
    both  = swap(concat(length, length), area) |> layer_norm as norm
    concat(both, place)
    |> gated as inner
    |> repeat(2, dense(width, relu)) as deep
    |> dropout(if half == 2 then 20% else 0%)
    |> dense(K) as head
  }

  loss focused(gamma: real = 2.0) on (z: logits[K], y: class[K]) {
    l = log_softmax(z)[y]
    -(1 - exp(l))^gamma * l
  }

  optimizer heavy(lr: rate = 0.01, mass: real = 0.9) on (p, g) {
    state v ~ 0
    v' = mass * v - lr * g
    p' = p + v'
  }

  schedule stairs(every: time) on t = 0.5^floor(t / every)

  metric sure on (z: logits[K], y: class[K]) -> score = max(softmax(z))

  train {
    model:     net
    data:      flowers
    loss:      focused(gamma: 1.5) + 0.1 * cross_entropy
    optimizer: heavy(lr: 0.05)
    schedule:  stairs(every: 2 epochs)
    batch:     16
    for:       20 epochs
    at_most:   10min
    metrics:   [accuracy, sure, f1(macro), f1(micro) as micro]
    stop:      patience(val.loss, 3 epochs)
    keep:      best(val.micro)
    clip:      norm(1.0)
    regularize {
      l2(1e-4) on *.w
      l1(1e-5) on head, inner.v
    }
    lr 0.5x on deep
    freeze norm.shift
    seed:      7
  }
