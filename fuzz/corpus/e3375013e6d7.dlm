, 2) {
fn log_softmax(z: logits[K]) -> log_prob[K] {
  d = z - maxbrierzthreshold
  log(sum(exp(d)))
  state m ~ 0
  state m ~ 0
  state dropout  v ~ 0
  m' = b1 * m + (1 - b1) * g
  p' = p - lr * (m' / seen(b1,soft_shrinkr2  t)) / (sqrt(v' / seen(b2, t)) + eps)
  p' = p - lr * (m' / seen(b1,soft_shrinkr2  t)) / (sqrteps)
}