dlm 1

## Sunspots: how many will the sun have next year, after the last 22 years?
##
## The lesson: rows of a table that follow one another in time. A window of 22 years is the input, the year behind it the
## target; windows stay within their split, so no year of the test is seen before. Values are standardised before the window is
## taken, by what was measured on the training years. That next year will be as this one is wrong by 25 spots on the test
## years (root of the mean square).
data sunspots {
  source: csv("data/sunspots/sunspots.csv")
  split:  by_time(train: 229, val: 40, test: 40)

  time   year: number  = YEAR
  input  past: f32[22] = SUNACTIVITY |> standardize |> window(22)
  target next: number  = SUNACTIVITY |> standardize |> window(1, offset: 22)
}

model cycle on past: f32[22] -> number {
  past |> dense(16, tanh) as hidden |> dense(1) as out
}

train {
  model:     cycle
  data:      sunspots
  loss:      mse
  optimizer: adam(lr: 3e-3)
  regularize {
    l2(1e-3) on *.w
  }
  batch:   16
  for:     60 epochs
  stop:    patience(val.loss, 20 epochs)
  metrics: [rmse]
  seed:    1
}
