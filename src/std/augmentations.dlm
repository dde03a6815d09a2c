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

## Mirrors with probability `p`: left and right (`horizontal`), or above and below (`vertical`).
augmentation flip(axis: name, p: prob = 50%) on x: image[H, W, C] -> image[H, W, C] {
  require axis == horizontal or axis == vertical, "`axis` is horizontal or vertical"
  mirror = if axis == horizontal
           then for i in H, j in W => x[i, W - 1 - j]
           else for i in H, j in W => x[H - 1 - i, j]
  where(chance(p), mirror, x)
}

## Turns about the centre by an angle of the range `by`, against the clock where it is positive.
augmentation rotate(by: range[angle], fill: name = constant, p: prob = 100%) on x: image[H, W, C] -> image[H, W, C] {
  angle = where(chance(p), drawn(by), 0)
  moved(x, cos(angle), sin(angle), -sin(angle), cos(angle), 0, 0, fill)
}

## A part of `height` rows and `width` columns, anywhere in the image with a margin of `pad` around it.
augmentation crop(height: length, width: length, pad: length = 0px, fill: name = constant)
  on x: image[H, W, C] -> image[height, width, C]
{
  (rows, columns, margin) = (height / 1px, width / 1px, pad / 1px)
  require rows <= H + 2 * margin and columns <= W + 2 * margin, "the part is larger than the image with its margin"
  top  = floor(noise(uniform) * (H + 2 * margin - rows + 1)) - margin
  left = floor(noise(uniform) * (W + 2 * margin - columns + 1)) - margin
  for i in rows, j in columns => pixel(x, cast(i, f32) + top, cast(j, f32) + left, fill)
}
