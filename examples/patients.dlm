dlm 1

## How far diabetes has progressed within a year, once more, with settings that nobody has guessed.
##
## The lesson: how fast a network learns, how wide it is and how strongly its weights are held together decide what it
## becomes, and no one of them can be set without the others. `dlmc tune` runs short trainings with different values,
## chooses by the validation patients, and looks at the test patients once, when it has chosen. With this few patients the
## trials lie close together, and the best of them owes a part of its lead to chance: its test value tells how much.
data patients {
  source: csv("data/diabetes/diabetes.csv")
  split:  random(train: 60%, val: 20%, test: 20%)

  input  body:        f32[9] = [age, bmi, bp, s1, s2, s3, s4, s5, s6] |> standardize
  input  sex:         class["1", "2"]
  target progression: number = target |> standardize
}

let width: int = 8

model net on (body: f32[9], sex: class[S]) -> number {
  concat(body, sex |> embed(1) as sexes)
  |> dense(width, tanh) as hidden
  |> dense(1)           as out
}

train {
  model: net
  data:  patients
  loss:  mse

  regularize {
    l2(1e-3) on *.w
  }

  optimizer: adam(lr: 5e-3)
  batch:     32
  for:       30 epochs
  metrics:   [r2]
  keep:      best(val.loss)
  seed:      1
}

tune {
  optimizer.lr: log(1e-3 .. 1e-1)
  l2.lambda:    log(1e-4 .. 1e-1)
  width:        4 .. 32
  hidden.act:   choice(tanh, relu)
  objective:    minimize(val.loss)
  budget:       12 trials
}
