# Encoders: from what a column holds to what the model receives. What they `fit` is computed once, on the training rows.

## Mean 0 and deviation 1 over the training rows. A column that never changes becomes 0.
## For example `input size: number = area |> standardize`.
encoder standardize on x: f32[..] -> f32[..] {
  fit m = mean(x, over: rows)
  fit s = sqrt(mean((x - m)^2, over: rows))
  (x - m) / where(s > 0, s, 1)
}

## Mean 0 and deviation 1 of each channel of an image, over the training rows and all places: `standardize(per: channel)`.
encoder standardize(per: name) on x: f32[H, W, C] -> f32[H, W, C] {
  require per == channel, "`per` is channel; without it each number has its own mean"
  fit m = mean(x, over: [rows, H, W])
  fit s = sqrt(mean((x - m)^2, over: [rows, H, W]))
  (x - m) / where(s > 0, s, 1)
}

## Less the mean of each channel, divided by its deviation, as both are in the images that a network has learnt from before:
## with `imagenet` as torchvision prepares them. Images are numbers from 0 to 1 here.
## For example `input photo: image[8, 8, 3] = images |> scale |> normalize(imagenet)`.
encoder normalize(like: name) on x: f32[H, W, C] -> f32[H, W, C] {
  require like == imagenet,
          "`imagenet` is the one that has a name; others are said: `normalize(mean: [0.5], deviation: [0.5])`"
  (x - concat([0.485, 0.456, 0.406])) / concat([0.229, 0.224, 0.225])
}

## The same with a mean and a deviation for each channel.
encoder normalize(mean: list, deviation: list) on x: f32[H, W, C] -> f32[H, W, C] =
  (x - concat(mean)) / concat(deviation)

## A missing number becomes the `with` of those that are there.
## For example `input rooms: number = rooms |> impute(median)`.
encoder impute(with: fn = median) on x: f32[..]? -> f32[..] {
  fit m = with(x, over: rows, where: present(x))
  where(present(x), x, m)
}

## A missing number becomes `value`.
encoder impute(value: real) on x: f32[..]? -> f32[..] = where(present(x), x, value)

## Pixels from 0 to 255 become numbers in `to`.
encoder scale(to: range = 0 .. 1) on x: image[H, W, C] -> image[H, W, C] = to.low + x / 255 * (to.high - to.low)

## The smallest number of the training rows becomes the lower end of `to`, the largest the upper end.
## For example `input size: number = area |> scale(-1 .. 1)`.
encoder scale(to: range = 0 .. 1) on x: f32[..] -> f32[..] {
  fit low  = min(x, over: rows)
  fit high = max(x, over: rows)
  to.low + (x - low) / where(high > low, high - low, 1) * (to.high - to.low)
}
