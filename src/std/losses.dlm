# Losses, written for one example: an update minimises their mean over all examples of its batches.

## The mean of squares, without ½.
loss mse on (yhat: f32[N], y: f32[N]) = mean((y - yhat)^2)

## The mean of absolute differences.
loss mae on (yhat: f32[N], y: f32[N]) = mean(abs(y - yhat))

## A parabola near 0, straight lines beyond `delta` (Huber, 1964).
loss huber(delta: real = 1.0) on (yhat: f32[N], y: f32[N]) {
  d = abs(y - yhat)
  mean(where(d < delta, d^2 / 2, delta * (d - delta / 2)))
}

## log cosh of the difference: like a parabola near 0, like a straight line far from it.
loss log_cosh on (yhat: f32[N], y: f32[N]) = mean(softplus(2 * (y - yhat)) - (y - yhat) - log(2))

## The pinball loss, whose minimum is the quantile `q` (Koenker & Bassett, 1978).
loss quantile(q: prob = 50%) on (yhat: f32[N], y: f32[N]) = mean(max(q * (y - yhat), (q - 1) * (y - yhat)))

## The negative logarithm of the probability that the scores give to the true class. With `label_smoothing` that share of
## the truth is spread over all classes (Szegedy et al., 2016).
loss cross_entropy(label_smoothing: prob = 0%) on (z: logits[K], y: class[K]) {
  l = log_softmax(z)
  -(1 - label_smoothing) * l[y] - label_smoothing * mean(l)
}

## The same with probabilities as target.
loss cross_entropy(label_smoothing: prob = 0%) on (z: logits[K], y: prob[K]) {
  l = log_softmax(z)
  -(1 - label_smoothing) * sum(y * l) - label_smoothing * mean(l)
}

## The negative logarithm of the probability that the score gives to the true answer.
loss binary_cross_entropy on (z: logit, y: binary) = softplus(z) - z * y

## The same with a probability as target.
loss binary_cross_entropy on (z: logit, y: prob) = softplus(z) - z * y

## As cross-entropy, for models that give the logarithms of probabilities.
loss nll on (l: log_prob[K], y: class[K]) = -l[y]
