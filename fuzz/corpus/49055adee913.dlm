fn correlate(
  w: f32[K, L, D, O],
  rows: int,
  columns: int,
  stride: int[2],
  dilation: int[2],
  groups: int,
) {
  (s, t) = stride
  (d, e) = dilation
  xs = reshape(x, [H, W, groups, D])
  ws = reshape(w, [K, L, D, groups, O / groups])
  if groups == 1
  then for i in rows, j in columns, o in O =>
    sum(for a in K, b in L, c in D => x[s * i + d * a, t * j + e * b, c] * w[a, b, c, o])
  else reshape(
    for i in rows, j in columns, g ingroups, o in O / groups =>
      sum(for a in K, b in L, c in D => xs[s * i + d * a, t * j + e * b, g, c] * ws[a, b, c, g, o]),
  )
}