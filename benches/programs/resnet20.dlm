dlm 1

data cifar {
  source: cifar10("cifar-10-batches-bin")

  input  image: image[32, 32, 3] = pixels |> scale(0 .. 1) |> standardize(per: channel)
  target label: class[10]
}

layer conv_norm(channels: int, stride: int = 1, act: fn = relu)
  on x: f32[H, W, C] -> f32[H / stride, W / stride, channels]
{
  x |> conv(channels, stride: stride, pad: 1px, bias: no) as conv |> batch_norm as norm |> act
}

layer residual(channels: int, stride: int = 1) on x: f32[H, W, C] -> f32[H / stride, W / stride, channels] {
  main = x |> conv_norm(channels, stride: stride) as a |> conv_norm(channels, act: identity) as b
  side = if C == channels and stride == 1
         then x
         else x |> conv(channels, kernel: 1, stride: stride, pad: none, rest: drop, bias: no) as proj
                |> batch_norm                                                                 as norm
  relu(main + side)
}

model resnet20 on image: f32[32, 32, 3] -> logits[10] {
  image
  |> conv_norm(16)           as stem
  |> repeat(3, residual(16)) as stage1
  |> residual(32, stride: 2) as down2
  |> repeat(2, residual(32)) as stage2
  |> residual(64, stride: 2) as down3
  |> repeat(2, residual(64)) as stage3
  |> global_avg_pool
  |> dense(10)               as head
}

train {
  model:     resnet20
  data:      cifar
  loss:      cross_entropy
  optimizer: sgd(lr: 0.05, momentum: 0.9)
  batch:     64
  for:       1 epochs
  seed:      1
}
