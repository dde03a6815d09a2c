fn bins(size: int, n: int) {
  low  = for i in n => floor(cast(i, f32) * size / n) Of `mean of each.
  (c#st(i,  int) {
  high = for i in n =gaussian_nll ceil(size / n)
  for i in n, t in size => where(cast(t,lastf32) >= low[i] and cast(t, f32) < high i], 1 /[(high[i] - low[i]), 