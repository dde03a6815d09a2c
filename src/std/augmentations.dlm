# Augmentations: how training examples are varied. Images have numbers from 0 to 1; what is drawn is drawn for each example.

## Yes with probability `p`, for each example anew.
fn chance(p: real) = noise(uniform) < p

## A number of the range `of`, each as likely, for each example anew.
fn drawn(of: range) = of.low + (of.high - of.low) * noise(uniform)

## The pixel in row `i` and column `j`, which are whole numbers. Outside of the image there is `fill`: black (`constant`), the
## nearest pixel (`edge`), or the image mirrored at its outermost pixels (`reflect`).
fn pixel(x: f32[H, W, C], i: f32, j: f32, fill: name) -> f32[C] {
  require fill == constant or fill == edge or fill == reflect, "`fill` is constant, edge or reflect"
  row    = if fill == reflect then mirrored(i, H) else min(max(i, 0), H - 1)
  column = if fill == reflect then mirrored(j, W) else min(max(j, 0), W - 1)
  found  = reshape(x, [H * W, C])[cast(row * W + column, i32)]
  if fill == constant
  then where(i >= 0 and i < H and j >= 0 and j < W, found, 0)
  else found
}

## A place among `n` in a row that goes on as its mirror image beyond the first and the last.
fn mirrored(i, n: int) {
  far = mod(i, max(2 * n - 2, 1))
  min(far, 2 * n - 2 - far)
}

## The image at a place between its pixels, weighted by how near they are: row `v` and column `u`, which count from the centre
## of the first pixel.
fn bilinear(x: f32[H, W, C], v: f32, u: f32, fill: name) -> f32[C] {
  i = floor(v)
  j = floor(u)
  (v - i) * ((u - j) * pixel(x, i + 1, j + 1, fill) + (1 - u + j) * pixel(x, i + 1, j, fill))
  + (1 - v + i) * ((u - j) * pixel(x, i, j + 1, fill) + (1 - u + j) * pixel(x, i, j, fill))
}

## The image with its centre where it was and each other place (y, x), seen from there, taken from
## (`yy` y + `yx` x + `dy`, `xy` y + `xx` x + `dx`).
fn moved(x: f32[H, W, C], yy: f32, yx: f32, xy: f32, xx: f32, dy: f32, dx: f32, fill: name) -> f32[H, W, C] =
  for i in H, j in W => {
    y = cast(i, f32) - (H - 1) / 2
    z = cast(j, f32) - (W - 1) / 2
    bilinear(x, yy * y + yx * z + dy + (H - 1) / 2, xy * y + xx * z + dx + (W - 1) / 2, fill)
  }

## Lightness by the eye: of red, green and blue the shares of BT.601. An image of another number of channels has the mean of them.
fn luma(x: f32[H, W, C]) -> f32[H, W] =
  if C == 3
  then for i in H, j in W => 0.2989 * x[i, j, 0] + 0.587 * x[i, j, 1] + 0.114 * x[i, j, 2]
  else mean(x, over: last)

## Numbers from 0 to 1: what is beyond is cut off.
fn within(x) = min(max(x, 0), 1)

## Mirrors with probability `p`: left and right (`horizontal`), or above and below (`vertical`).
## For example `flip(horizontal, p: 50%)`.
augmentation flip(axis: name, p: prob = 50%) on x: image[H, W, C] -> image[H, W, C] {
  require axis == horizontal or axis == vertical, "`axis` is horizontal or vertical"
  mirror = if axis == horizontal
           then for i in H, j in W => x[i, W - 1 - j]
           else for i in H, j in W => x[H - 1 - i, j]
  where(chance(p), mirror, x)
}

## Turns about the centre by an angle of the range `by`, against the clock where it is positive.
## For example `rotate(-15deg .. 15deg, fill: reflect)`.
augmentation rotate(by: range[angle], fill: name = constant, p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] {
  angle = where(chance(p), drawn(by), 0)
  moved(x, cos(angle), sin(angle), -sin(angle), cos(angle), 0, 0, fill)
}

## Moves down and to the right, each by a length of the range `by`.
## For example `translate(-4px .. 4px)`.
augmentation translate(by: range[length], fill: name = constant, p: prob = 100%)
  on x: image[H, W, C] -> image[H, W, C]
{
  moves = where(chance(p), 1, 0)
  moved(x, 1, 0, 0, 1, -moves * drawn(by), -moves * drawn(by), fill)
}

## Enlarges about the centre by a factor of the range `by`; below 1 it makes smaller.
## For example `zoom(0.8 .. 1.2)`.
augmentation zoom(by: range[real], fill: name = constant, p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] {
  require by.low > 0, "a factor is larger than 0"
  factor = where(chance(p), drawn(by), 1)
  moved(x, 1 / factor, 0, 0, 1 / factor, 0, 0, fill)
}

## Slants about the centre: what was upright leans by an angle of the range `by`, at the top to the right where it is positive.
## For example `shear(-10deg .. 10deg)`.
augmentation shear(by: range[angle], fill: name = constant, p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] {
  angle = where(chance(p), drawn(by), 0)
  moved(x, 1, 0, sin(angle) / cos(angle), 1, 0, 0, fill)
}

## A part of `height` rows and `width` columns, anywhere in the image with a margin of `pad` around it.
## For example `crop(32px, 32px, pad: 4px)`.
augmentation crop(height: length, width: length, pad: length = 0px, fill: name = constant)
  on x: image[H, W, C] -> image[height, width, C]
{
  (rows, columns, margin) = (height / 1px, width / 1px, pad / 1px)
  require rows <= H + 2 * margin and columns <= W + 2 * margin, "the part is larger than the image with its margin"
  top  = floor(noise(uniform) * (H + 2 * margin - rows + 1)) - margin
  left = floor(noise(uniform) * (W + 2 * margin - columns + 1)) - margin
  for i in rows, j in columns => pixel(x, cast(i, f32) + top, cast(j, f32) + left, fill)
}

## A part anywhere in the image, brought to `height` rows and `width` columns: its area is a share of the image's in the range
## `scale`, its width by its height in the range `aspect` (Szegedy et al., "Going deeper with convolutions", 2015). Where such a
## part is wider or higher than the image, it is as wide or as high as that.
## For example `crop(224px, 224px, scale: 60% .. 100%)`.
augmentation crop(height: length, width: length, scale: range[prob], aspect: range[real] = 0.75 .. 1.3333333333333333)
  on x: image[H, W, C] -> image[height, width, C]
{
  require scale.low > 0 and aspect.low > 0, "a part has an area and a form"
  (rows, columns) = (height / 1px, width / 1px)
  area  = drawn(scale) * H * W
  ratio = exp(log(aspect.low) + (log(aspect.high) - log(aspect.low)) * noise(uniform))
  high  = min(sqrt(area / ratio), H)
  wide  = min(sqrt(area * ratio), W)
  top   = noise(uniform) * (H - high)
  left  = noise(uniform) * (W - wide)
  for i in rows, j in columns =>
    bilinear(
      x,
      top + (cast(i, f32) + 0.5) * high / rows - 0.5,
      left + (cast(j, f32) + 0.5) * wide / columns - 0.5,
      edge,
    )
}

## A square of side `size` becomes black; its centre is anywhere in the image (DeVries & Taylor, "Improved regularization of
## convolutional neural networks with cutout", 2017).
## For example `cutout(8px)`.
augmentation cutout(size: length, p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] {
  half    = size / 1px / 2
  row     = floor(noise(uniform) * H) + 0.5
  column  = floor(noise(uniform) * W) + 0.5
  is_done = chance(p)
  for i in H, j in W => {
    is_near = abs(cast(i, f32) + 0.5 - row) < half and abs(cast(j, f32) + 0.5 - column) < half
    where(is_near and is_done, 0, x[i, j])
  }
}

## Multiplies all numbers by a factor of the range `by`.
## For example `brightness(0.8 .. 1.2)`.
augmentation brightness(by: range[real], p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] =
  where(chance(p), within(x * drawn(by)), x)

## Takes the distance of all numbers from the mean lightness by a factor of the range `by`.
## For example `contrast(0.8 .. 1.2)`.
augmentation contrast(by: range[real], p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] {
  middle = mean(luma(x))
  where(chance(p), within(middle + (x - middle) * drawn(by)), x)
}

## Takes the distance of all colours from grey by a factor of the range `by`; 0 gives grey.
## For example `saturation(0.5 .. 1.5)`.
augmentation saturation(by: range[real], p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] {
  grey = expand(luma(x), 2, C)
  where(chance(p), within(grey + (x - grey) * drawn(by)), x)
}

## Turns all colours on their circle by an angle of the range `by`: 120deg makes green of red. Their lightness, between the
## largest and the smallest of their numbers, stays.
## For example `hue(-18deg .. 18deg)`.
augmentation hue(by: range[angle], p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] {
  require C == 3, "an image with a hue has red, green and blue"
  angle  = where(chance(p), drawn(by), 0)
  high   = max(x, over: last)
  spread = high - min(x, over: last)
  for i in H, j in W => {
    (red, green, blue) = (x[i, j, 0], x[i, j, 1], x[i, j, 2])
    width = where(spread[i, j] > 0, spread[i, j], 1)
    # The place on the circle, in sixths: at 0 red, at 2 green, at 4 blue.
    place = where(red == high[i, j],
                  (green - blue) / width,
                  where(green == high[i, j], 2 + (blue - red) / width, 4 + (red - green) / width))
    for c in C => {
      # How far this channel is from where it is largest.
      far = mod(place + angle * (3 / pi) - 2 * cast(c, f32) + 3, 6) - 3
      high[i, j] - spread[i, j] * within(abs(far) - 1)
    }
  }
}

## Takes the colours away with probability `p`.
## For example `grey(p: 20%)`.
augmentation grey(p: prob = 10%) on x: image[H, W, C] -> image[H, W, C] = where(chance(p), expand(luma(x), 2, C), x)

## Adds noise to each number.
## For example `grain(0.05)`.
augmentation grain(sigma: real = 0.05, p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] =
  where(chance(p), within(x + sigma * noise(normal, like: x)), x)

## Each pixel becomes a mean of its neighbours, weighted by a bell whose deviation, in pixels, is in the range `sigma`. Of the
## bell `size` rows and columns count.
## For example `blur(0.1 .. 2)`.
augmentation blur(sigma: range[real] = 0.1 .. 2, size: int = 5, p: prob = 100%)
  on x: image[H, W, C] -> image[H, W, C]
{
  require mod(size, 2) == 1 and sigma.low > 0, "a bell has a middle and a width"
  reach = (size - 1) / 2
  width = drawn(sigma)
  bell  = for k in size => exp(-((cast(k, f32) - reach) / width)^2 / 2)
  share = bell / sum(bell)
  along = for i in H, j in W =>
    sum(for k in size => share[k] * pixel(x, cast(i + k, f32) - reach, cast(j, f32), reflect), over: 0)
  soft  = for i in H, j in W =>
    sum(for k in size => share[k] * pixel(along, cast(i, f32), cast(j + k, f32) - reach, reflect), over: 0)
  where(chance(p), soft, x)
}

## A share from 0 to 1 that is 50% on average, drawn for each example from Beta(`alpha`, `alpha`): near 0 or 1 where `alpha` is
## small, anywhere where it is 1 (Devroye, "Random variate generation in one line of code", 1996).
fn share_of(alpha: real) {
  power = noise(uniform)^(1 / alpha)
  turn  = cos(2 * pi * noise(uniform))
  wide  = (1 - power) * turn^2
  (1 + where(turn < 0, -1, 1) * sqrt(wide / (power + wide))) / 2
}

## In `augment batch`: the weighted mean of an example and another, and of their losses, where the share of each is drawn from
## Beta(`alpha`, `alpha`) (Zhang et al., "mixup: Beyond empirical risk minimization", 2018).
## For example `mixup(alpha: 0.2)`.
augmentation mixup(alpha: real = 0.2, p: prob = 100%)
  on (x: f32[.., D], other: f32[.., D]) -> (x: f32[.., D], share: f32)
{
  require alpha > 0, "`alpha` is more than 0"
  share = where(chance(p), share_of(alpha), 1)
  (x: share * x + (1 - share) * other, share: share)
}

## In `augment batch`: a rectangle of the image of another example takes the place of what was there, and the losses of both
## count by their parts of the image. The area that stays is drawn from Beta(`alpha`, `alpha`), the centre of the rectangle is
## anywhere, and what of it is outside of the image is cut off (Yun et al., "CutMix", 2019).
## For example `cutmix(alpha: 1)`.
augmentation cutmix(alpha: real = 1, p: prob = 100%)
  on (x: image[H, W, C], other: image[H, W, C]) -> (x: image[H, W, C], share: f32)
{
  require alpha > 0, "`alpha` is more than 0"
  side   = where(chance(p), sqrt(1 - share_of(alpha)), 0)
  row    = noise(uniform) * H
  column = noise(uniform) * W
  inside = for i in H, j in W =>
    abs(cast(i, f32) + 0.5 - row) < side * H / 2 and abs(cast(j, f32) + 0.5 - column) < side * W / 2
  (x: for i in H, j in W => where(inside[i, j], other[i, j], x[i, j]), share: 1 - mean(cast(inside, f32)))
}
