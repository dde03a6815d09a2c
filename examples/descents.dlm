dlm 1

## A straight line through noisy points, descended upon in many ways: `dlmc run descents.dlm sgd`, or any other name below.
##
## The lesson: a run is a model, a loss, and a way downhill, and each can be exchanged without touching the others. `batch`
## says how many examples a step looks at: all of them, one, or something between.
data line {
  source: table {
    | x    | y    |
    | -2.0 | -4.9 |
    | -1.5 | -4.1 |
    | -1.0 | -3.0 |
    | -0.5 | -2.1 |
    |  0.0 | -0.9 |
    |  0.5 | -0.1 |
    |  1.0 |  1.1 |
    |  1.5 |  1.9 |
    |  2.0 |  3.1 |
  }
  input  x: number
  target y: number
}

model straight on x: number -> number {
  x |> dense(1) as line
}

## Gradient descent: each step looks at all examples.
train gradient_descent {
  model:     straight
  data:      line
  loss:      mse
  optimizer: gradient_descent(lr: 0.1)
  batch:     all
  for:       100 steps
}

## Stochastic gradient descent: each step looks at one.
train stochastic {
  model:     straight
  data:      line
  loss:      mse
  optimizer: sgd(lr: 0.02)
  schedule:  constant(warmup: 10%)
  batch:     1
  for:       20 epochs
}

## Minibatches, with momentum; the rate falls in steps.
train momentum {
  model:     straight
  data:      line
  loss:      mse
  optimizer: sgd(lr: 0.02, momentum: 0.9)
  schedule:  staircase(every: 10 epochs, factor: 0.5)
  batch:     3
  for:       30 epochs
}

## The same, looking ahead; the rate falls exponentially.
train nesterov {
  model:     straight
  data:      line
  loss:      mse
  optimizer: sgd(lr: 0.02, momentum: 0.9, nesterov: yes)
  schedule:  exponential(every: 10 epochs, factor: 0.5)
  batch:     3
  for:       30 epochs
}

## Steps of even size in each direction; the rate falls in a straight line.
train adam {
  model:     straight
  data:      line
  loss:      huber(delta: 0.5)
  optimizer: adam(lr: 0.1)
  schedule:  linear(warmup: 10%, floor: 1%)
  batch:     3
  for:       50 epochs
}

## The same with weights that decay; the rate falls along a cosine.
train adamw {
  model:     straight
  data:      line
  loss:      mae
  optimizer: adamw(lr: 0.1, decay: 0.01)
  schedule:  cosine(warmup: 10%)
  batch:     3
  for:       50 epochs
}

## The penalty pulls the slope towards 0.
train ridge {
  model: straight
  data:  line
  loss:  mse
  regularize {
    l2(0.1) on line.w
    l1(0.1) on line.w
  }
  optimizer: gradient_descent(lr: 0.1)
  batch:     all
  for:       100 steps
}
