# Convolutions: each place of the result is one formula over a window of the input. A weight is named by its place in the
# window, then by the channel that it reads, then by the one that it makes.

## y = act(x * w + b): at each place the same weights on a window of the image (LeCun et al., 1989). f32[H, W, C] becomes
## f32[ceil(H / stride), ceil(W / stride), channels] with `pad: same`, which pads as TensorFlow does: of an odd number of
## zeros, one more goes behind. With a length, as PyTorch pads, or with `none`, it is floor((H + 2 pad - reach) / stride) + 1
## rows, where a window reaches over dilation (kernel - 1) + 1 of them. `kernel`, `stride`, `pad` and `dilation` may say one
## thing for both axes, or one for each: `[3, 1]`. Of several `groups` each sees its own share of the channels
## (Krizhevsky et al., 2012); with as many groups as channels it is a depthwise convolution. Last rows or columns that no
## window reads are a mistake, unless `rest: drop` leaves them out, as PyTorch does.
## For example `image |> conv(16, kernel: 3, stride: 2, act: relu) as edges`, `x |> conv(C, groups: C) as depthwise`.
layer conv(channels: int, kernel: int[2] = 3, stride: int[2] = 1, pad: padding[2] = same, dilation: int[2] = 1,
           groups: int = 1, act: fn = identity, bias: bool = yes, init: fn = glorot, rest: name = refuse)
  on x: f32[H, W, C] -> f32[.., channels]
{
  require mod(C, groups) == 0 and mod(channels, groups) == 0, "the groups do not divide the channels"
  param w: f32[kernel[0], kernel[1], C / groups, channels] ~ init
  param b: f32[channels] ~ zeros
  (top, bottom, rows) = windows(H, kernel[0], stride[0], pad[0], dilation[0], rest)
  (left, right, columns) = windows(W, kernel[1], stride[1], pad[1], dilation[1], rest)
  z = correlate(framed(x, top, bottom, left, right), w, rows, columns, stride, dilation, groups)
  act(if bias then z + b else z)
}

## The same along one axis: f32[T, C] becomes f32[ceil(T / stride), channels] with `pad: same`.
## For example `signal |> conv(8, kernel: 5, act: relu) as beats`.
layer conv(channels: int, kernel: int = 3, stride: int = 1, pad: padding = same, dilation: int = 1, groups: int = 1,
           act: fn = identity, bias: bool = yes, init: fn = glorot, rest: name = refuse)
  on x: f32[T, C] -> f32[.., channels]
{
  require mod(C, groups) == 0 and mod(channels, groups) == 0, "the groups do not divide the channels"
  param w: f32[kernel, C / groups, channels] ~ init
  param b: f32[channels] ~ zeros
  (before, after, places) = windows(T, kernel, stride, pad, dilation, rest)
  z = correlate(framed(x, before, after), w, places, stride, dilation, groups)
  act(if bias then z + b else z)
}

## The way back of a convolution: each place of the image writes a window of the result (Zeiler et al., 2010). f32[H, W, C]
## becomes f32[stride H, stride W, channels] with `pad: same`, as in TensorFlow; with a length, as in PyTorch, or with
## `none`, it is (H - 1) stride - 2 pad + dilation (kernel - 1) + 1 + output_pad rows.
## For example `code |> conv_transpose(8, kernel: 4, stride: 2, pad: 1px, act: relu) as up`.
layer conv_transpose(channels: int, kernel: int[2] = 3, stride: int[2] = 1, pad: padding[2] = same,
                     output_pad: int[2] = 0, dilation: int[2] = 1, groups: int = 1, act: fn = identity,
                     bias: bool = yes, init: fn = glorot)
  on x: f32[H, W, C] -> f32[.., channels]
{
  require mod(C, groups) == 0 and mod(channels, groups) == 0, "the groups do not divide the channels"
  param w: f32[kernel[0], kernel[1], C / groups, channels] ~ init
  param b: f32[channels] ~ zeros
  (top, bottom, rows) = spread(H, kernel[0], stride[0], pad[0], output_pad[0], dilation[0])
  (left, right, columns) = spread(W, kernel[1], stride[1], pad[1], output_pad[1], dilation[1])
  wide   = framed(x, top, bottom, left, right, stride[0] - 1, stride[1] - 1)
  turned = for a in kernel[0], b in kernel[1] => w[kernel[0] - 1 - a, kernel[1] - 1 - b]
  z      = correlate(wide, turned, rows, columns, [1, 1], dilation, groups)
  act(if bias then z + b else z)
}

## The same along one axis: f32[T, C] becomes f32[stride T, channels] with `pad: same`.
## For example `code |> conv_transpose(8, kernel: 4, stride: 2) as up`.
layer conv_transpose(channels: int, kernel: int = 3, stride: int = 1, pad: padding = same, output_pad: int = 0,
                     dilation: int = 1, groups: int = 1, act: fn = identity, bias: bool = yes, init: fn = glorot)
  on x: f32[T, C] -> f32[.., channels]
{
  require mod(C, groups) == 0 and mod(channels, groups) == 0, "the groups do not divide the channels"
  param w: f32[kernel, C / groups, channels] ~ init
  param b: f32[channels] ~ zeros
  (before, after, places) = spread(T, kernel, stride, pad, output_pad, dilation)
  turned = for a in kernel => w[kernel - 1 - a]
  z      = correlate(framed(x, before, after, stride - 1), turned, places, 1, dilation, groups)
  act(if bias then z + b else z)
}

## Each place `by` times, in both directions: f32[H, W, C] becomes f32[by H, by W, C]. The nearest place, nothing between.
## For example `code |> upsample(2)`.
layer upsample(by: int[2] = 2) on x: f32[H, W, C] -> f32[by[0] * H, by[1] * W, C] {
  copies = for i in H, a in by[0], j in W, b in by[1] => x[i, j]
  reshape(copies, [by[0] * H, by[1] * W, C])
}

## The same along one axis: f32[T, C] becomes f32[by T, C]. For example `code |> upsample(2)`.
layer upsample(by: int = 2) on x: f32[T, C] -> f32[by * T, C] = reshape(for t in T, a in by => x[t], [by * T, C])

## Every window of `x` times the weights: the windows begin `stride` apart, and their places are `dilation` apart.
fn correlate(
  x: f32[H, W, C],
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
    for i in rows, j in columns, g in groups, o in O / groups =>
      sum(for a in K, b in L, c in D => xs[s * i + d * a, t * j + e * b, g, c] * ws[a, b, c, g, o]),
    [rows, columns, O],
  )
}

## Along one axis.
fn correlate(x: f32[T, C], w: f32[K, D, O], places: int, stride: int, dilation: int, groups: int) {
  xs = reshape(x, [T, groups, D])
  ws = reshape(w, [K, D, groups, O / groups])
  if groups == 1
  then for t in places, o in O => sum(for a in K, c in D => x[stride * t + dilation * a, c] * w[a, c, o])
  else reshape(
    for t in places, g in groups, o in O / groups =>
      sum(for a in K, c in D => xs[stride * t + dilation * a, g, c] * ws[a, c, g, o]),
    [places, O],
  )
}

## How windows pass over `size` places: so many zeros before them and after them, and so many windows. Last places that none
## of them reads are refused, or dropped.
fn windows(size: int, kernel: int, stride: int, pad: padding, dilation: int, rest: name) {
  require kernel > 0 and stride > 0 and dilation > 0, "kernel, stride and dilation begin at 1"
  require rest == refuse or rest == drop, "`rest` is refuse or drop"
  reach = dilation * (kernel - 1) + 1
  (before, after) = margins(pad, size, reach, stride)
  require reach <= before + size + after, "the window is larger than what it passes over"
  left = mod(before + size + after - reach, stride)
  require rest == drop or left <= after + max(stride - reach, 0),
          "the last places would be read by no window: pad them, take another kernel or stride, or say `rest: drop`"
  [before, after, (before + size + after - reach - left) / stride + 1]
}

## The zeros before and after `size` places, over which windows of `reach` places pass in steps of `stride`.
fn margins(pad: length, size: int, reach: int, stride: int) = [pad / 1px, pad / 1px]
fn margins(pad: name, size: int, reach: int, stride: int) {
  all = if pad == none then 0 else max((ceil(size / stride) - 1) * stride + reach - size, 0)
  [floor(all / 2), ceil(all / 2)]
}

## How `size` places are spread by windows that they write, `stride` apart: as the places that windows over the spread
## ones read. So many zeros before and after, and so many windows.
fn spread(size: int, kernel: int, stride: int, pad: padding, more: int, dilation: int) {
  require kernel > 0 and stride > 0 and dilation > 0, "kernel, stride and dilation begin at 1"
  require more >= 0 and more < max(stride, dilation), "`output_pad` must be smaller than the stride or the dilation"
  reach = dilation * (kernel - 1) + 1
  (before, after) = cuts(pad, reach, stride)
  require before < reach, "`pad` takes away more than a window"
  [reach - 1 - before, reach - 1 - after + more, (size - 1) * stride + reach - before - after + more]
}

## What is cut off before and after, of places that are spread.
fn cuts(pad: length, reach: int, stride: int) = [pad / 1px, pad / 1px]
fn cuts(pad: name, reach: int, stride: int) {
  all = if pad == none then 0 else reach - stride
  [if all < 0 then 0 else floor(all / 2), if all < 0 then all else ceil(all / 2)]
}

## An image with so many rows and columns of `value` around it, and between its own.
fn framed(x: f32[H, W, C], top: int, bottom: int, left: int, right: int, rows: int = 0, columns: int = 0, value = 0) =
  pad(pad(x, top, bottom, axis: H, between: rows, with: value), left, right, axis: W, between: columns, with: value)

## A sequence with so many places of `value` before it, behind it, and between its own.
fn framed(x: f32[T, C], before: int, after: int, places: int = 0, value = 0) =
  pad(x, before, after, axis: T, between: places, with: value)
