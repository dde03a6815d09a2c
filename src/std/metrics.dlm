# Metrics: never differentiated. After the arrow, `score` says that more is better, `error` that less is.

## The share of examples whose largest score is that of their class.
metric accuracy on (z: logits[K], y: class[K]) -> score = where(argmax(z) == y, 1, 0)
metric accuracy on (p: prob[K], y: class[K]) -> score = where(argmax(p) == y, 1, 0)
metric accuracy on (l: log_prob[K], y: class[K]) -> score = where(argmax(l) == y, 1, 0)
metric accuracy on (z: logits[K], y: prob[K]) -> score = where(argmax(z) == argmax(y), 1, 0)
metric accuracy on (z: logit, y: binary) -> score = where((z > 0) == (y > 0.5), 1, 0)
metric accuracy on (p: prob, y: binary) -> score = where((p > 0.5) == (y > 0.5), 1, 0)

## The share of examples whose class is among the `k` largest scores.
metric top(k: int = 5) on (z: logits[K], y: class[K]) -> score =
  where(sum(for j in K => where(z[j] > z[y], 1, 0)) < k, 1, 0)

## How often each class (row) was taken for each class (column).
metric confusion on (z: logits[K], y: class[K]) -> f32[K, K] across batch =
  for a in K, b in K => sum(where(y == a and argmax(z) == b, 1, 0), over: batch)

## The harmonic mean of precision and recall: of each class, averaged (`macro`), or of all decisions (`micro`).
metric f1(average: name = macro) on (z: logits[K], y: class[K]) -> score across batch {
  hit   = for a in K => sum(where(y == a and argmax(z) == a, 1, 0), over: batch)
  said  = for a in K => sum(where(argmax(z) == a, 1, 0), over: batch)
  truth = for a in K => sum(where(y == a, 1, 0), over: batch)
  if average == micro
  then 2 * sum(hit) / max(sum(said) + sum(truth), 1)
  else mean(2 * hit / max(said + truth, 1))
}
metric f1 on (z: logit, y: binary) -> score across batch {
  hit = sum(where(z > 0 and y > 0.5, 1, 0), over: batch)
  2 * hit / max(sum(where(z > 0, 1, 0), over: batch) + sum(y, over: batch), 1)
}

## The mean negative logarithm of the probability given to the truth.
metric log_loss on (z: logits[K], y: class[K]) -> error {
  l = log_softmax(z)
  -l[y]
}
metric log_loss on (z: logit, y: binary) -> error = softplus(z) - z * y

## The mean squared difference between the probability and the truth (Brier, 1950).
metric brier on (z: logit, y: binary) -> error = (sigmoid(z) - y)^2
metric brier on (z: logits[K], y: class[K]) -> error {
  p = softmax(z)
  sum(p^2) - 2 * p[y] + 1
}

## The mean of squares.
metric mse on (yhat: f32[N], y: f32[N]) -> error = mean((y - yhat)^2)

## The mean of absolute differences.
metric mae on (yhat: f32[N], y: f32[N]) -> error = mean(abs(y - yhat))

## The root of the mean of squares.
metric rmse on (yhat: f32[N], y: f32[N]) -> error across batch = sqrt(mean(mean((y - yhat)^2, over: batch)))

## The share of the target's variance that is explained; 0 is the skill of always saying the mean.
metric r2 on (yhat: f32[N], y: f32[N]) -> score across batch {
  rest  = sum((y - yhat)^2, over: batch)
  total = sum((y - mean(y, over: batch))^2, over: batch)
  mean(1 - rest / total)
}

## The mean of absolute differences, each as a share of the truth.
metric mape on (yhat: f32[N], y: f32[N]) -> error = mean(abs((y - yhat) / y))
