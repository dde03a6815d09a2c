dlm 1

## Tomorrow's weather from today's pressure and its change: the first forecasters were asked how sure they are.
##
## The lesson: a target need not be one class. Where it is a probability for each class, cross-entropy compares the model's
## probabilities with those; nothing else changes.
data forecasts {
  source: table {
    | pressure | change | sun | cloud | rain |
    | 1032     |  3     | 0.9 | 0.1   | 0.0  |
    | 1028     |  1     | 0.8 | 0.2   | 0.0  |
    | 1021     | -1     | 0.5 | 0.4   | 0.1  |
    | 1017     |  2     | 0.5 | 0.4   | 0.1  |
    | 1013     |  0     | 0.3 | 0.5   | 0.2  |
    | 1009     | -2     | 0.1 | 0.5   | 0.4  |
    | 1004     | -4     | 0.0 | 0.3   | 0.7  |
    |  998     | -1     | 0.0 | 0.3   | 0.7  |
    |  994     | -5     | 0.0 | 0.1   | 0.9  |
  }
  input  air:     f32[2]  = [pressure, change] |> standardize
  target weather: prob[3] = [sun, cloud, rain]
}

model forecast on air: f32[2] -> logits[3] {
  air |> dense(3) as head
}

train {
  model:     forecast
  data:      forecasts
  loss:      cross_entropy
  optimizer: gradient_descent(lr: 0.5)
  batch:     all
  for:       300 steps
  metrics:   [accuracy]
}
