# Pooling: what many places have in common.

## The largest number of each window, channel by channel (Ranzato et al., 2007). f32[H, W, C] becomes f32[H / stride,
## W / stride, C] with the stride that it has if none is given, the kernel. What is padded never is the largest.
## Last rows or columns that fill no window are a mistake, unless `rest: drop` leaves them out, as PyTorch does.
## For example `image |> conv(16, act: relu) as edges |> max_pool(2)`, `x |> max_pool(2, rest: drop)`.
layer max_pool(kernel: int[2] = 2, stride: int[2] = kernel, pad: padding[2] = none, rest: name = refuse)
  on x: f32[H, W, C] -> f32[.., C]
{
  (top, bottom, rows) = windows(H, kernel[0], stride[0], pad[0], 1, rest)
  (left, right, columns) = windows(W, kernel[1], stride[1], pad[1], 1, rest)
  require bottom < kernel[0] and right < kernel[1], "some window would see nothing but padding"
  p = framed(x, top, bottom, left, right, value: log(0))
  for i in rows, j in columns, c in C =>
    max(for a in kernel[0], b in kernel[1] => p[stride[0] * i + a, stride[1] * j + b, c])
}

## The same along one axis: f32[T, C] becomes f32[T / stride, C]. For example `signal |> max_pool(4)`.
layer max_pool(kernel: int = 2, stride: int = kernel, pad: padding = none, rest: name = refuse)
  on x: f32[T, C] -> f32[.., C]
{
  (before, after, places) = windows(T, kernel, stride, pad, 1, rest)
  require after < kernel, "some window would see nothing but padding"
  p = framed(x, before, after, value: log(0))
  for t in places, c in C => max(for a in kernel => p[stride * t + a, c])
}

## The mean of each window, channel by channel (LeCun et al., 1998). f32[H, W, C] becomes f32[H / stride, W / stride, C]
## with the stride that it has if none is given, the kernel. Padded zeros count as PyTorch counts them, unless
## `count_pad: no`, as in TensorFlow; `rest` is that of `max_pool`.
## For example `x |> avg_pool(2)`, `x |> avg_pool(3, stride: 1, pad: same)`.
layer avg_pool(kernel: int[2] = 2, stride: int[2] = kernel, pad: padding[2] = none, count_pad: bool = yes,
               rest: name = refuse)
  on x: f32[H, W, C] -> f32[.., C]
{
  (top, bottom, rows) = windows(H, kernel[0], stride[0], pad[0], 1, rest)
  (left, right, columns) = windows(W, kernel[1], stride[1], pad[1], 1, rest)
  require count_pad or bottom < kernel[0] and right < kernel[1], "some window would see nothing but padding"
  p = framed(x, top, bottom, left, right)
  n = covered(H, top, bottom, rows, kernel[0], stride[0])
  m = covered(W, left, right, columns, kernel[1], stride[1])
  for i in rows, j in columns, c in C =>
    sum(for a in kernel[0], b in kernel[1] => p[stride[0] * i + a, stride[1] * j + b, c])
    / (if count_pad then kernel[0] * kernel[1] else n[i] * m[j])
}

## The same along one axis: f32[T, C] becomes f32[T / stride, C]. For example `signal |> avg_pool(4)`.
layer avg_pool(kernel: int = 2, stride: int = kernel, pad: padding = none, count_pad: bool = yes, rest: name = refuse)
  on x: f32[T, C] -> f32[.., C]
{
  (before, after, places) = windows(T, kernel, stride, pad, 1, rest)
  require count_pad or after < kernel, "some window would see nothing but padding"
  p = framed(x, before, after)
  n = covered(T, before, after, places, kernel, stride)
  for t in places, c in C => sum(for a in kernel => p[stride * t + a, c]) / (if count_pad then kernel else n[t])
}

## How many of its places each window sees that are no padding.
fn covered(size: int, before: int, after: int, places: int, kernel: int, stride: int) {
  there = pad(ones([size]), before, after)
  for t in places => sum(for a in kernel => there[stride * t + a])
}

## The mean of each channel: f32[H, W, C] becomes f32[C] (Lin et al., 2014).
## For example `features |> global_avg_pool |> dense(10) as head`.
layer global_avg_pool on x: f32[H, W, C] -> f32[C] = mean(x, over: [H, W])
layer global_avg_pool on x: f32[T, C] -> f32[C] = mean(x, over: T)

## The largest number of each channel: f32[H, W, C] becomes f32[C]. For example `features |> global_max_pool`.
layer global_max_pool on x: f32[H, W, C] -> f32[C] = max(x, over: [H, W])
layer global_max_pool on x: f32[T, C] -> f32[C] = max(x, over: T)

## The means of bins that share the image as evenly as they can, whatever its size: f32[H, W, C] becomes
## f32[size, size, C]. As in PyTorch, bin i of n goes from floor(i H / n) to before ceil((i + 1) H / n), so that bins may
## share a row. For example `features |> adaptive_avg_pool(4)`.
layer adaptive_avg_pool(size: int[2]) on x: f32[H, W, C] -> f32[size[0], size[1], C] {
  rows    = bins(H, size[0])
  columns = bins(W, size[1])
  low     = for i in size[0], w in W, c in C => sum(for h in H => rows[i, h] * x[h, w, c])
  for i in size[0], j in size[1], c in C => sum(for w in W => columns[j, w] * low[i, w, c])
}

## The same along one axis: f32[T, C] becomes f32[size, C]. For example `signal |> adaptive_avg_pool(16)`.
layer adaptive_avg_pool(size: int) on x: f32[T, C] -> f32[size, C] {
  places = bins(T, size)
  for i in size, c in C => sum(for t in T => places[i, t] * x[t, c])
}

## The largest number of each bin of `adaptive_avg_pool`: f32[H, W, C] becomes f32[size, size, C].
## For example `features |> adaptive_max_pool([4, 2])`.
layer adaptive_max_pool(size: int[2]) on x: f32[H, W, C] -> f32[size[0], size[1], C] {
  rows    = bins(H, size[0])
  columns = bins(W, size[1])
  low     = for i in size[0], w in W, c in C => max(for h in H => where(rows[i, h] > 0, x[h, w, c], log(0)))
  for i in size[0], j in size[1], c in C => max(for w in W => where(columns[j, w] > 0, low[i, w, c], log(0)))
}

## The same along one axis: f32[T, C] becomes f32[size, C]. For example `signal |> adaptive_max_pool(4)`.
layer adaptive_max_pool(size: int) on x: f32[T, C] -> f32[size, C] {
  places = bins(T, size)
  for i in size, c in C => max(for t in T => where(places[i, t] > 0, x[t, c], log(0)))
}

## Of `n` bins, what each of `size` places adds to the mean of each.
fn bins(size: int, n: int) {
  low  = for i in n => floor(cast(i, f32) * size / n)
  high = for i in n => ceil((cast(i, f32) + 1) * size / n)
  for i in n, t in size => where(cast(t, f32) >= low[i] and cast(t, f32) < high[i], 1 / (high[i] - low[i]), 0)
}
