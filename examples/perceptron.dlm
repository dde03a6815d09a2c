dlm 1

## XOR again, but for a model that cannot learn it: the linear perceptron, one weight for each input and no bias.
##
## The lesson: what cannot be fitted is not fitted, however long one trains. Gradient descent goes where it must: both
## weights to 1/3, the predictions to 0, 1/3, 1/3 and 2/3. `dlmc check perceptron.dlm` says so before anything runs;
## the hidden layer of xor.dlm is what is missing.
data xor {
  source: table {
    | a | b | y |
    | 0 | 0 | 0 |
    | 0 | 1 | 1 |
    | 1 | 0 | 1 |
    | 1 | 1 | 0 |
  }
  input  x: f32[2] = [a, b]
  target y: number
}

model perceptron on x: f32[2] -> f32[1] {
  param w: f32[2, 1] ~ zeros
  x @ w
}

## Half the mean of squares, so that the gradient is the error itself.
loss half_mse on (yhat: f32[N], y: f32[N]) = mean((y - yhat)^2) / 2

train {
  model:     perceptron
  data:      xor
  loss:      half_mse
  optimizer: gradient_descent(lr: 0.01)
  batch:     all  # all four rows in each step
  for:       1000 steps
}
