# Metrics: never differentiated. After the arrow, `score` says that more is better, `error` that less is.

## The share of examples whose largest score is that of their class. For example `metrics: [accuracy]`.
metric accuracy on (z: logits[K], y: class[K]) -> score = where(argmax(z) == y, 1, 0)
metric accuracy on (p: prob[K], y: class[K]) -> score = where(argmax(p) == y, 1, 0)
metric accuracy on (l: log_prob[K], y: class[K]) -> score = where(argmax(l) == y, 1, 0)
metric accuracy on (z: logits[K], y: prob[K]) -> score = where(argmax(z) == argmax(y), 1, 0)
metric accuracy on (z: logit, y: binary) -> score = where((z > 0) == (y > 0.5), 1, 0)
metric accuracy on (p: prob, y: binary) -> score = where((p > 0.5) == (y > 0.5), 1, 0)
metric accuracy on (z: logit[K - 1], y: ordinal[K]) -> score = where(said_level(z) == cast(y, f32), 1, 0)

## Of a set, the share of labels of which is said truly whether they are on.
metric accuracy on (z: logit[K], y: set[K]) -> score = mean(where((z > 0) == (y > 0.5), 1, 0))

## The share of examples of whose set every label is right. For example `metrics: [subset_accuracy]`.
metric subset_accuracy on (z: logit[K], y: set[K]) -> score = min(where((z > 0) == (y > 0.5), 1, 0))

## The share of labels that are wrong (Hamming, 1950). For example `metrics: [hamming]`.
metric hamming on (z: logit[K], y: set[K]) -> error = mean(where((z > 0) == (y > 0.5), 0, 1))

## The labels that are said and true, as a share of those that are either (Jaccard, 1901): of each example and their mean
## (`samples`), of each label and their mean (`macro`), weighted by how often each label is on (`weighted`), or of all decisions
## at once (`micro`). Where nothing is said and nothing true it counts as 0. For example `metrics: [jaccard(samples)]`.
metric jaccard(average: name = samples) on (z: logit[K], y: set[K]) -> score across batch {
  require average == samples or average == macro or average == micro or average == weighted,
          "`average` is samples, macro, micro or weighted"
  given  = where(z > 0, 1, 0)
  hit    = sum(given * y, over: batch)
  either = sum(max(given, y), over: batch)
  truth  = sum(y, over: batch)
  each   = hit / max(either, 1)
  if average == samples
  then mean(sum(given * y) / max(sum(max(given, y)), 1), over: batch)
  else if average == micro
       then sum(hit) / max(sum(either), 1)
       else if average == weighted
            then sum(truth * each) / max(sum(truth), 1)
            else mean(each)
}

## The share of examples whose class is among the `k` largest scores. For example `metrics: [top(3)]`.
metric top(k: int = 5) on (z: logits[K], y: class[K]) -> score =
  where(sum(for j in K => where(z[j] > z[y], 1, 0)) < k, 1, 0)

## How much more often what is said is true than chance would have it, from what is said and true how often: 1 is always, 0 is
## chance (Cohen, 1960). 0 if only one class is said and true. For example `metrics: [kappa]`.
metric kappa on (z: logits[K], y: class[K]) -> score across batch {
  said   = for a in K => sum(where(argmax(z) == a, 1, 0), over: batch)
  truth  = for a in K => sum(where(y == a, 1, 0), over: batch)
  count  = sum(truth)
  wrong  = sum(where(argmax(z) == y, 0, 1), over: batch)
  chance = count - sum(said * truth) / count
  where(chance > 0, 1 - wrong / where(chance > 0, chance, 1), 0)
}

## As kappa, for an ordinal: what is wrong counts by how many values it is off (`linear`), or by the square of that
## (`quadratic`; Cohen, 1968). For example `metrics: [weighted_kappa(quadratic)]`.
metric weighted_kappa(weights: name = quadratic) on (z: logits[K], y: ordinal[K]) -> score across batch {
  require weights == quadratic or weights == linear, "`weights` is quadratic or linear"
  agreement(cast(argmax(z), f32), y, if weights == linear then 1 else 2)
}
metric weighted_kappa(weights: name = quadratic) on (z: logit[K - 1], y: ordinal[K]) -> score across batch {
  require weights == quadratic or weights == linear, "`weights` is quadratic or linear"
  agreement(said_level(z), y, if weights == linear then 1 else 2)
}

## How far what is `said` is from what is true, to the `power`; against what chance would have of it.
fn agreement(said, y: ordinal[K], power: real) across batch {
  of_said  = for a in K => sum(where(said == cast(a, f32), 1, 0), over: batch)
  of_truth = for a in K => sum(where(y == a, 1, 0), over: batch)
  off      = sum(abs(said - cast(y, f32))^power, over: batch)
  chance   =
    sum(for a in K, b in K => abs(cast(a, f32) - cast(b, f32))^power * of_said[a] * of_truth[b]) / sum(of_truth)
  where(chance > 0, 1 - off / where(chance > 0, chance, 1), 0)
}

## How often each class (row) was taken for each class (column). For example `metrics: [confusion]`.
metric confusion on (z: logits[K], y: class[K]) -> f32[K, K] across batch =
  for a in K, b in K => sum(where(y == a and argmax(z) == b, 1, 0), over: batch)
metric confusion on (z: logit[K - 1], y: ordinal[K]) -> f32[K, K] across batch =
  for a in K, b in K => sum(where(y == a and said_level(z) == cast(b, f32), 1, 0), over: batch)

## The harmonic mean of precision and recall: of each class, averaged (`macro`), weighted by how often each occurs
## (`weighted`), or of all decisions at once (`micro`). For example `metrics: [f1(weighted)]`.
metric f1(average: name = macro) on (z: logits[K], y: class[K]) -> score across batch {
  require average == macro or average == micro or average == weighted, "`average` is macro, micro or weighted"
  hit   = for a in K => sum(where(y == a and argmax(z) == a, 1, 0), over: batch)
  said  = for a in K => sum(where(argmax(z) == a, 1, 0), over: batch)
  truth = for a in K => sum(where(y == a, 1, 0), over: batch)
  each  = 2 * hit / max(said + truth, 1)
  if average == micro
  then 2 * sum(hit) / max(sum(said) + sum(truth), 1)
  else if average == weighted
       then sum(truth * each) / max(sum(truth), 1)
       else mean(each)
}
metric f1 on (z: logit, y: binary) -> score across batch {
  hit = sum(where(z > 0 and y > 0.5, 1, 0), over: batch)
  2 * hit / max(sum(where(z > 0, 1, 0), over: batch) + sum(y, over: batch), 1)
}

## Of the labels of a set; `samples` is the mean over examples.
metric f1(average: name = macro) on (z: logit[K], y: set[K]) -> score across batch {
  require average == samples or average == macro or average == micro or average == weighted,
          "`average` is samples, macro, micro or weighted"
  given = where(z > 0, 1, 0)
  hit   = sum(given * y, over: batch)
  said  = sum(given, over: batch)
  truth = sum(y, over: batch)
  each  = 2 * hit / max(said + truth, 1)
  if average == samples
  then mean(2 * sum(given * y) / max(sum(given) + sum(y), 1), over: batch)
  else if average == micro
       then 2 * sum(hit) / max(sum(said) + sum(truth), 1)
       else if average == weighted
            then sum(truth * each) / max(sum(truth), 1)
            else mean(each)
}

## Of the examples that are said to be of a class, the share that is. The mean over classes (`macro`), weighted by how often
## each occurs (`weighted`), or of all decisions at once (`micro`). A class of which nothing is said counts as 0.
## For example `metrics: [precision(macro)]`.
metric precision(average: name = macro) on (z: logits[K], y: class[K]) -> score across batch {
  require average == macro or average == micro or average == weighted, "`average` is macro, micro or weighted"
  hit   = for a in K => sum(where(y == a and argmax(z) == a, 1, 0), over: batch)
  said  = for a in K => sum(where(argmax(z) == a, 1, 0), over: batch)
  truth = for a in K => sum(where(y == a, 1, 0), over: batch)
  each  = hit / max(said, 1)
  if average == micro
  then sum(hit) / max(sum(said), 1)
  else if average == weighted
       then sum(truth * each) / max(sum(truth), 1)
       else mean(each)
}
metric precision on (z: logit, y: binary) -> score across batch =
  sum(where(z > 0 and y > 0.5, 1, 0), over: batch) / max(sum(where(z > 0, 1, 0), over: batch), 1)

## Of the labels of a set; `samples` is the mean over examples.
metric precision(average: name = macro) on (z: logit[K], y: set[K]) -> score across batch {
  require average == samples or average == macro or average == micro or average == weighted,
          "`average` is samples, macro, micro or weighted"
  given = where(z > 0, 1, 0)
  hit   = sum(given * y, over: batch)
  said  = sum(given, over: batch)
  truth = sum(y, over: batch)
  each  = hit / max(said, 1)
  if average == samples
  then mean(sum(given * y) / max(sum(given), 1), over: batch)
  else if average == micro
       then sum(hit) / max(sum(said), 1)
       else if average == weighted
            then sum(truth * each) / max(sum(truth), 1)
            else mean(each)
}

## Of the examples of a class, the share that is found; averaged as `precision`. A class that does not occur counts as 0.
## For example `metrics: [recall(macro)]`.
metric recall(average: name = macro) on (z: logits[K], y: class[K]) -> score across batch {
  require average == macro or average == micro or average == weighted, "`average` is macro, micro or weighted"
  hit   = for a in K => sum(where(y == a and argmax(z) == a, 1, 0), over: batch)
  truth = for a in K => sum(where(y == a, 1, 0), over: batch)
  each  = hit / max(truth, 1)
  if average == macro
  then mean(each)
  else if average == weighted
       then sum(truth * each) / max(sum(truth), 1)
       else sum(hit) / max(sum(truth), 1)
}
metric recall on (z: logit, y: binary) -> score across batch =
  sum(where(z > 0 and y > 0.5, 1, 0), over: batch) / max(sum(y, over: batch), 1)

## Of the labels of a set; `samples` is the mean over examples.
metric recall(average: name = macro) on (z: logit[K], y: set[K]) -> score across batch {
  require average == samples or average == macro or average == micro or average == weighted,
          "`average` is samples, macro, micro or weighted"
  given = where(z > 0, 1, 0)
  hit   = sum(given * y, over: batch)
  truth = sum(y, over: batch)
  each  = hit / max(truth, 1)
  if average == samples
  then mean(sum(given * y) / max(sum(y), 1), over: batch)
  else if average == macro
       then mean(each)
       else sum(hit) / max(sum(truth), 1)
}

## The mean recall of the classes that occur: accuracy, were all equally frequent (Brodersen et al., 2010).
## For example `metrics: [balanced_accuracy]`.
metric balanced_accuracy on (z: logits[K], y: class[K]) -> score across batch {
  hit   = for a in K => sum(where(y == a and argmax(z) == a, 1, 0), over: batch)
  truth = for a in K => sum(where(y == a, 1, 0), over: batch)
  sum(hit / max(truth, 1)) / max(sum(where(truth > 0, 1, 0)), 1)
}
metric balanced_accuracy on (z: logit, y: binary) -> score across batch {
  ayes = sum(where(y > 0.5, 1, 0), over: batch)
  noes = sum(where(y > 0.5, 0, 1), over: batch)
  said = sum(where(z > 0 and y > 0.5, 1, 0), over: batch) / max(ayes, 1)
  kept = sum(where(z > 0 or y > 0.5, 0, 1), over: batch) / max(noes, 1)
  (said + kept) / max(min(ayes, 1) + min(noes, 1), 1)
}

## The correlation of what is said with what is true, from -1 to 1 (Matthews, 1975; of several classes Gorodkin, 2004). 0 if
## only one class is said or true. For example `metrics: [matthews]`.
metric matthews on (z: logits[K], y: class[K]) -> score across batch {
  hit   = for a in K => sum(where(y == a and argmax(z) == a, 1, 0), over: batch)
  said  = for a in K => sum(where(argmax(z) == a, 1, 0), over: batch)
  truth = for a in K => sum(where(y == a, 1, 0), over: batch)
  count = sum(truth)
  both  = (count^2 - sum(said^2)) * (count^2 - sum(truth^2))
  (count * sum(hit) - sum(said * truth)) / sqrt(where(both > 0, both, 1))
}
metric matthews on (z: logit, y: binary) -> score across batch {
  hit   = sum(where(z > 0 and y > 0.5, 1, 0), over: batch)
  said  = sum(where(z > 0, 1, 0), over: batch)
  truth = sum(where(y > 0.5, 1, 0), over: batch)
  count = truth + sum(where(y > 0.5, 0, 1), over: batch)
  both  = said * (count - said) * truth * (count - truth)
  (count * hit - said * truth) / sqrt(where(both > 0, both, 1))
}

## The probability that an example of yes has a larger score than one of no, equal scores counting one half: the area under
## the receiver operating characteristic (Mann & Whitney, 1947; Hanley & McNeil, 1982). Of several classes each against the
## rest, by its probability, and the mean. Where a class has no examples, or all, there is no such number: NaN.
## For example `metrics: [auroc]`.
metric auroc on (z: logit, y: binary) -> score across batch = share_of_pairs(z, y)
metric auroc on (p: prob, y: binary) -> score across batch = share_of_pairs(p, y)
metric auroc on (z: logits[K], y: class[K]) -> score across batch {
  p = softmax(z)
  mean(for a in K => share_of_pairs(p[a], where(y == a, 1, 0)))
}

## Of each label of a set, and the mean.
metric auroc on (z: logit[K], y: set[K]) -> score across batch = mean(for a in K => share_of_pairs(z[a], y[a]))

## Of all pairs of a yes and a no, the share in which the yes has the larger `s`; a tie is half a pair.
fn share_of_pairs(s, y) across batch {
  ayes   = sum(where(y > 0.5, 1, 0), over: batch)
  noes   = sum(where(y > 0.5, 0, 1), over: batch)
  passed = rank(s, over: batch, where: y < 0.5) + noes - rank(-s, over: batch, where: y < 0.5)
  sum(where(y > 0.5, passed, 0), over: batch) / (2 * ayes * noes)
}

## The mean precision at the score of each example of yes: the area under the curve of precision over recall, in steps. 0 if
## there is no yes. For example `metrics: [average_precision]`.
metric average_precision on (z: logit, y: binary) -> score across batch = steps_of_precision(z, y)
metric average_precision on (p: prob, y: binary) -> score across batch = steps_of_precision(p, y)

## Of each label of a set, and the mean: also called mean average precision.
metric average_precision on (z: logit[K], y: set[K]) -> score across batch =
  mean(for a in K => steps_of_precision(z[a], y[a]))

## The mean over all yes of the precision at its `s`.
fn steps_of_precision(s, y) across batch {
  found = rank(-s, over: batch, where: y > 0.5) / rank(-s, over: batch)
  sum(where(y > 0.5, found, 0), over: batch) / max(sum(where(y > 0.5, 1, 0), over: batch), 1)
}

## e to the power of the mean negative logarithm of the probability given to the truth: among how many equally likely classes
## the model is as undecided (Jelinek et al., 1977). For example `metrics: [perplexity]`.
metric perplexity on (z: logits[K], y: class[K]) -> error across batch = exp(mean(-log_softmax(z)[y], over: batch))

## The mean negative logarithm of the probability given to the truth. For example `metrics: [log_loss]`.
metric log_loss on (z: logits[K], y: class[K]) -> error {
  l = log_softmax(z)
  -l[y]
}
metric log_loss on (z: logit, y: binary) -> error = softplus(z) - z * y
metric log_loss on (z: logit[K], y: set[K]) -> error = mean(softplus(z) - z * y)

## The mean squared difference between the probability and the truth (Brier, 1950). For example `metrics: [brier]`.
metric brier on (z: logit, y: binary) -> error = (sigmoid(z) - y)^2
metric brier on (z: logit[K], y: set[K]) -> error = mean((sigmoid(z) - y)^2)
metric brier on (z: logits[K], y: class[K]) -> error {
  p = softmax(z)
  sum(p^2) - 2 * p[y] + 1
}

## The mean of squares. For example `metrics: [mse]`.
metric mse on (yhat: f32[N], y: f32[N]) -> error = mean((y - yhat)^2)

## The mean of absolute differences. For example `metrics: [mae]`.
metric mae on (yhat: f32[N], y: f32[N]) -> error = mean(abs(y - yhat))

## Of an ordinal, by how many values what is said is off.
metric mae on (z: logits[K], y: ordinal[K]) -> error = abs(cast(argmax(z), f32) - cast(y, f32))
metric mae on (z: logit[K - 1], y: ordinal[K]) -> error = abs(said_level(z) - cast(y, f32))

## The root of the mean of squares. For example `metrics: [rmse]`.
metric rmse on (yhat: f32[N], y: f32[N]) -> error across batch = sqrt(mean(mean((y - yhat)^2, over: batch)))

## The share of the target's variance that is explained; 0 is the skill of always saying the mean.
## For example `metrics: [r2]`.
metric r2 on (yhat: f32[N], y: f32[N]) -> score across batch {
  rest  = sum((y - yhat)^2, over: batch)
  total = sum((y - mean(y, over: batch))^2, over: batch)
  mean(1 - rest / total)
}

## The mean of absolute differences, each as a share of the truth. For example `metrics: [mape]`.
metric mape on (yhat: f32[N], y: f32[N]) -> error = mean(abs((y - yhat) / y))

## The share of variance that is explained when a constant offset is forgiven.
## For example `metrics: [explained_variance]`.
metric explained_variance on (yhat: f32[N], y: f32[N]) -> score across batch {
  d     = y - yhat
  rest  = sum((d - mean(d, over: batch))^2, over: batch)
  total = sum((y - mean(y, over: batch))^2, over: batch)
  mean(1 - rest / total)
}

## The median over the examples of the absolute differences: a few large ones do not count. The mean over columns.
## For example `metrics: [median_absolute_error]`.
metric median_absolute_error on (yhat: f32[N], y: f32[N]) -> error across batch =
  mean(median(abs(y - yhat), over: batch))

## The largest absolute difference. For example `metrics: [max_error]`.
metric max_error on (yhat: f32[N], y: f32[N]) -> error across batch = max(max(abs(y - yhat), over: batch))

## How far the probability that is given to the answer is from how often the answer is right: the mean of the distances in
## `bins` of equal width, each weighed by its examples (expected calibration error; Guo et al., 2017).
## For example `metrics: [calibration(bins: 15)]`.
metric calibration(bins: int = 10) on (z: logits[K], y: class[K]) -> error across batch {
  p   = max(softmax(z))
  hit = where(argmax(z) == y, 1, 0)
  bin = min(floor(p * bins), bins - 1)
  sum(for b in bins => abs(mean(where(bin == cast(b, f32), p - hit, 0), over: batch)))
}
metric calibration(bins: int = 10) on (z: logit, y: binary) -> error across batch {
  p   = sigmoid(z)
  bin = min(floor(p * bins), bins - 1)
  sum(for b in bins => abs(mean(where(bin == cast(b, f32), p - y, 0), over: batch)))
}
