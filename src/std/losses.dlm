# Losses, written for one example: an update minimises their mean over all examples of its batches.

## The mean of squares, without ½. For example `loss: mse`.
loss mse on (yhat: f32[N], y: f32[N]) = mean((y - yhat)^2)

## The mean of absolute differences. For example `loss: mae`.
loss mae on (yhat: f32[N], y: f32[N]) = mean(abs(y - yhat))

## A parabola near 0, straight lines beyond `delta` (Huber, 1964). For example `loss: huber(delta: 0.5)`.
loss huber(delta: real = 1.0) on (yhat: f32[N], y: f32[N]) {
  d = abs(y - yhat)
  mean(where(d < delta, d^2 / 2, delta * (d - delta / 2)))
}

## As huber, divided by `beta`: near 0 a steeper parabola, beyond it slopes of 1 (Girshick, 2015).
## For example `loss: smooth_l1(beta: 0.5)`.
loss smooth_l1(beta: real = 1.0) on (yhat: f32[N], y: f32[N]) {
  d = abs(y - yhat)
  mean(where(d < beta, d^2 / (2 * beta), d - beta / 2))
}

## log cosh of the difference: like a parabola near 0, like a straight line far from it. For example `loss: log_cosh`.
loss log_cosh on (yhat: f32[N], y: f32[N]) = mean(softplus(2 * (y - yhat)) - (y - yhat) - log(2))

## The pinball loss, whose minimum is the quantile `q` (Koenker & Bassett, 1978). For example `loss: quantile(90%)`.
loss quantile(q: prob = 50%) on (yhat: f32[N], y: f32[N]) = mean(max(q * (y - yhat), (q - 1) * (y - yhat)))

## The negative logarithm of the probability that the scores give to the true class. With `label_smoothing` that share of
## the truth is spread over all classes (Szegedy et al., 2016).
## For example `loss: cross_entropy(label_smoothing: 10%)`.
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
## For example `loss: binary_cross_entropy`.
loss binary_cross_entropy on (z: logit, y: binary) = softplus(z) - z * y

## The same with a probability as target.
loss binary_cross_entropy on (z: logit, y: prob) = softplus(z) - z * y

## Of each label of a set, and the mean over labels.
loss binary_cross_entropy on (z: logit[K], y: set[K]) = mean(softplus(z) - z * y)

## For an ordinal of K values: the model gives K - 1 scores, the first for being beyond the first value, the last for being
## beyond all but the last. Each answers yes or no, and the loss is the sum of their binary cross-entropies (Niu et al., 2016;
## with the layer `coral` before it Cao et al., 2020, arXiv 1901.07884). A model that ends in `coral(K)` gives `logit[K - 1]`.
## For example `loss: coral`.
loss coral on (z: logit[K - 1], y: ordinal[K]) = sum(for k in K - 1 => softplus(z[k]) - where(y > k, z[k], 0))

## As cross-entropy, for models that give the logarithms of probabilities. For example `loss: nll`.
loss nll on (l: log_prob[K], y: class[K]) = -l[y]

## Cross-entropy in which each true class has a weight, one for each class. The mean over examples is taken as it is, not
## divided by the sum of their weights. `label_smoothing` is that of `cross_entropy`.
## For example `loss: weighted_cross_entropy([1, 0.5, 2, 1])`.
loss weighted_cross_entropy(weights: list, label_smoothing: prob = 0%) on (z: logits[K], y: class[K]) {
  l = concat(weights) * log_softmax(z)
  -(1 - label_smoothing) * l[y] - label_smoothing * mean(l)
}

## Cross-entropy in which an example counts less, the surer the model is of its truth (Lin et al., 2017).
## For example `loss: focal(gamma: 1.5)`.
loss focal(gamma: real = 2.0) on (z: logits[K], y: class[K]) {
  require gamma >= 0, "a power below 0 makes what is easy count more"
  l = log_softmax(z)[y]
  -max(-expm1(l), 1e-30)^gamma * l
}

## The same for yes or no, where yes has the weight `alpha` and no the rest.
loss focal(gamma: real = 2.0, alpha: prob = 25%) on (z: logit, y: binary) {
  require gamma >= 0, "a power below 0 makes what is easy count more"
  u = (2 * y - 1) * z
  (alpha * y + (1 - alpha) * (1 - y)) * sigmoid(-u)^gamma * softplus(-u)
}

## How far a distribution is from the target's: 0 if they are one (Kullback & Leibler, 1951).
## For example `loss: kl_divergence`.
loss kl_divergence on (l: log_prob[K], y: prob[K]) = sum(where(y > 0, y * (log(max(y, 1e-30)) - l), 0))
loss kl_divergence on (z: logits[K], y: prob[K]) = sum(where(y > 0, y * (log(max(y, 1e-30)) - log_softmax(z)), 0))

## For counts: the model gives the logarithm of what is expected. Without the part that the model does not change.
## For example `loss: poisson`.
loss poisson on (yhat: f32[N], y: f32[N]) = mean(exp(yhat) - y * yhat)

## For numbers of which the model says how sure it is: after N expected values it gives the logarithms of their N variances
## (Nix & Weigend, 1994). Without the constant. For example `loss: gaussian_nll`.
loss gaussian_nll on (yhat: f32[2 * N], y: f32[N]) {
  (m, s) = split(yhat, 2)
  mean(s + (y - m)^2 * exp(-s)) / 2
}

## 0 where the score is on the right side of 0 by 1 at least, else what is missing (Cortes & Vapnik, 1995).
## For example `loss: hinge`.
loss hinge on (z: logit, y: binary) = max(1 - (2 * y - 1) * z, 0)

## Of classes: 0 where the true class's score is larger than all others by 1 at least (Crammer & Singer, 2001).
loss hinge on (z: logits[K], y: class[K]) = max(for k in K => z[k] - z[y] + where(k == y, 0, 1))

## Of classes: what the true class's score lacks to be larger by `margin` than each other; the sum of these, over the number of
## classes (Weston & Watkins, 1999). For example `loss: multi_margin(margin: 0.5)`.
loss multi_margin(margin: real = 1) on (z: logits[K], y: class[K]) =
  mean(for k in K => where(k == y, 0, max(z[k] - z[y] + margin, 0)))

## The square of hinge: smooth where it ends. For example `loss: squared_hinge`.
loss squared_hinge on (z: logit, y: binary) = max(1 - (2 * y - 1) * z, 0)^2

## 1 less the cosine of the angle between output and target: their lengths do not count. For example `loss: cosine`.
loss cosine on (yhat: f32[N], y: f32[N]) =
  1 - dot(yhat, y) / sqrt(max(sum(yhat^2), 1e-16)) / sqrt(max(sum(y^2), 1e-16))

## Of two embeddings: their squared distance where they are of a kind (`y` is 1), else what their distance lacks to a margin,
## squared; each halved (Hadsell et al., 2006). They are two outputs of the model, or stand side by side in one.
## For example `loss: contrastive(margin: 2) on (left, right)`.
loss contrastive(margin: real = 1) on (z: (a: f32[N], b: f32[N]), y: binary) = contrast(z.a, z.b, y, margin)
loss contrastive(margin: real = 1) on (z: f32[2 * N], y: binary) {
  (a, b) = split(z, 2)
  contrast(a, b, y, margin)
}

## What `contrastive` loses.
fn contrast(a: f32[N], b: f32[N], y, margin: real) {
  square = sum((a - b)^2)
  y * square / 2 + (1 - y) * max(margin - sqrt(max(square, 1e-12)), 0)^2 / 2
}

## Of three embeddings, an anchor and two others: how much nearer to the anchor the one of its kind should be than it is, to be
## nearer by `margin` (Schroff et al., 2015). The first of the two is of its kind where `y` is 1, else the second. They are three
## outputs of the model, or stand side by side in one. For example `loss: triplet(margin: 0.5) on (anchor, first, second)`.
loss triplet(margin: real = 1, eps: real = 1e-6)
  on (z: (anchor: f32[N], first: f32[N], second: f32[N]), y: binary) =
    triple(z.anchor, z.first, z.second, y, margin, eps)
loss triplet(margin: real = 1, eps: real = 1e-6) on (z: f32[3 * N], y: binary) {
  (anchor, first, second) = split(z, 3)
  triple(anchor, first, second, y, margin, eps)
}

## What `triplet` loses.
fn triple(anchor: f32[N], first: f32[N], second: f32[N], y, margin: real, eps: real) {
  d = sqrt(sum((anchor - first + eps)^2)) - sqrt(sum((anchor - second + eps)^2))
  max((2 * y - 1) * d + margin, 0)
}

## Of two embeddings: 1 less the cosine of their angle where they are of a kind (`y` is 1), else how far that cosine is above
## `margin`. They are two outputs of the model, or stand side by side in one.
## For example `loss: cosine_embedding(margin: 0.2) on (left, right)`.
loss cosine_embedding(margin: real = 0) on (z: (a: f32[N], b: f32[N]), y: binary) = angle_between(z.a, z.b, y, margin)
loss cosine_embedding(margin: real = 0) on (z: f32[2 * N], y: binary) {
  (a, b) = split(z, 2)
  angle_between(a, b, y, margin)
}

## What `cosine_embedding` loses.
fn angle_between(a: f32[N], b: f32[N], y, margin: real) {
  c = dot(a, b) / sqrt(max(sum(a^2), 1e-16)) / sqrt(max(sum(b^2), 1e-16))
  y * (1 - c) + (1 - y) * max(c - margin, 0)
}
