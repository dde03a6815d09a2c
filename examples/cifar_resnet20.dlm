dlm 1

## Small photographs of ten kinds of things, told apart by a residual network (He et al., 2016).
##
## The lesson: what is added to what a layer has seen, instead of taking its place, can be twenty layers deep. The photographs are
## CIFAR-10's, as JPEG files in a folder for each kind: `DLMC_DATA` names the folder that holds `cifar10_jpeg`.
## What comes of it is in `docs/images.md`.
data cifar {
  source: image_folder("cifar10_jpeg/train")
  test:   image_folder("cifar10_jpeg/test")

  input  image: image[32, 32, 3] = file |> decode |> scale(0 .. 1) |> standardize(per: channel)
  target kind:  class["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"] = folder
}

## As wide as what follows needs it (He et al., 2015).
fn he_out(fan_out: int) = normal(0, sqrt(2 / fan_out))

layer conv_norm(channels: int, kernel: int = 3, stride: int = 1, act: fn = relu)
  on x: f32[H, W, C] -> f32[H / stride, W / stride, channels]
{
  x
  |> conv(
    channels,
    kernel: kernel,
    stride: stride,
    bias: no,
    init: he_out,
    rest: drop,
    pad: (kernel - 1) / 2 * 1px,
  ) as conv
  |> batch_norm as norm
  |> act
}

layer residual(channels: int, stride: int = 1) on x: f32[H, W, C] -> f32[H / stride, W / stride, channels] {
  main = x |> conv_norm(channels, stride: stride) as a |> conv_norm(channels, act: identity) as b
  side = if C == channels then x else x |> conv_norm(channels, kernel: 1, stride: stride, act: identity) as side
  relu(main + side)
}

## `width` is the number of channels of the first stage.
model resnet20(width: int = 16) on image: f32[H, W, C] -> logits[K] {
  image
  |> conv_norm(width)               as stem
  |> repeat(3, residual(width))     as stage1
  |> residual(2 * width, stride: 2) as down2
  |> repeat(2, residual(2 * width)) as stage2
  |> residual(4 * width, stride: 2) as down3
  |> repeat(2, residual(4 * width)) as stage3
  |> global_avg_pool
  |> dense(K)                       as head
}

train {
  model:     resnet20
  data:      cifar
  loss:      cross_entropy
  optimizer: sgd(lr: 0.1, momentum: 0.9, nesterov: yes)
  schedule:  cosine(warmup: 1 epochs)
  batch:     128
  for:       10 epochs
  metrics:   [accuracy]
  seed:      1

  regularize {
    l2(2.5e-4) on *.w
  }

  augment image {
    flip(horizontal)
    crop(32px, 32px, pad: 4px)
  }
}
