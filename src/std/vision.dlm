# Networks for images, as layers that give the features before the scores of classes. A file asks for them by
# `use std.vision { resnet18 }`. Each comes with the names that its tensors have in files of weights, for `transfer`.

## A convolution without bias, a batch normalisation and an activation (Ioffe & Szegedy, 2015): f32[H, W, C] becomes
## f32[ceil(H / stride), ceil(W / stride), channels] under an odd kernel. It pads as PyTorch does, so many zeros on all
## sides; as TensorFlow does with `pad: same`. For example `image |> conv_norm(32, kernel: 7, stride: 2) as stem`.
layer conv_norm(channels: int, kernel: int = 3, stride: int = 1, groups: int = 1, act: fn = relu,
                pad: padding = floor((kernel - 1) / 2) * 1px, eps: real = 1e-5)
  on x: f32[H, W, C] -> f32[.., channels]
{
  x
  |> conv(channels, kernel: kernel, stride: stride, pad: pad, groups: groups, bias: no, init: he_normal, rest: drop)
  |> batch_norm(eps: eps)
  |> act
}

## Each channel times a weight between 0 and 1, which follows from the means of all channels (Hu et al., 2018):
## f32[H, W, C] stays f32[H, W, C]. The means are squeezed into so many `units`.
## For example `x |> squeeze_excitation(4) as weighed`.
layer squeeze_excitation(units: int, act: fn = relu) on x: f32[H, W, C] -> f32[H, W, C] {
  means  = reshape(mean(x, over: [H, W]), [1, 1, C])
  weight = means |> conv(units, kernel: 1, act: act) as reduce |> conv(C, kernel: 1, act: sigmoid) as restore
  x * reshape(weight, [C])
}

# ------------------------------------------------------------------------------------------------ residual networks

## Two convolutions of 3 × 3 and a shortcut (He et al., 2016): f32[H, W, C] becomes f32[ceil(H / stride),
## ceil(W / stride), channels]. Where the sizes change, the shortcut is a convolution of 1 × 1. A block that sees another
## number of channels than it makes has the stride `widening`, so that a `repeat` is a stage whose first block halves the
## image. For example `x |> basic_block(4)`, `x |> repeat(2, basic_block(8, widening: 2)) as stage`.
layer basic_block(channels: int, stride: int = 1, widening: int = stride) on x: f32[H, W, C] -> f32[.., channels] {
  s    = if C == channels then stride else widening
  y    = x
         |> conv_norm(channels, stride: s)     as a
         |> conv_norm(channels, act: identity) as b
  side = if s == 1 and C == channels
         then x
         else x |> conv_norm(channels, kernel: 1, stride: s, act: identity) as proj
  relu(y + side)
}

## Convolutions of 1 × 1, 3 × 3 and 1 × 1, the inner ones with a quarter of the channels, and a shortcut (He et al.,
## 2016). As in torchvision, the stride is that of the inner convolution. `widening` and the shortcut are those of
## `basic_block`. For example `x |> bottleneck(8) as block`, `x |> repeat(3, bottleneck(16, widening: 2)) as stage`.
layer bottleneck(channels: int, stride: int = 1, widening: int = stride) on x: f32[H, W, C] -> f32[.., channels] {
  require mod(channels, 4) == 0, "a quarter of the channels is no whole number"
  s    = if C == channels then stride else widening
  y    = x
         |> conv_norm(channels / 4, kernel: 1)            as a
         |> conv_norm(channels / 4, stride: s)            as b
         |> conv_norm(channels, kernel: 1, act: identity) as c
  side = if s == 1 and C == channels
         then x
         else x |> conv_norm(channels, kernel: 1, stride: s, act: identity) as proj
  relu(y + side)
}

## ResNet with 18 layers (He et al., 2016): f32[H, W, C] becomes f32[512], or f32[ceil(H / 32), ceil(W / 32), 512] with
## `pool: no`. 11.2 million parameters; made for 224 × 224 pixels, and good for others.
## For example `photo |> resnet18 as backbone |> dense(37) as head`.
layer resnet18(pool: bool = yes) on x: f32[H, W, C] -> f32[.., 512] {
  y = x
      |> conv_norm(64, kernel: 7, stride: 2)      as stem
      |> max_pool(3, stride: 2, pad: 1px, rest: drop)
      |> repeat(2, basic_block(64))               as stage1
      |> repeat(2, basic_block(128, widening: 2)) as stage2
      |> repeat(2, basic_block(256, widening: 2)) as stage3
      |> repeat(2, basic_block(512, widening: 2)) as stage4
  if pool then y |> global_avg_pool else y
}

## ResNet with 34 layers, 21.3 million parameters; else as `resnet18`.
## For example `photo |> resnet34 as backbone |> dense(37) as head`.
layer resnet34(pool: bool = yes) on x: f32[H, W, C] -> f32[.., 512] {
  y = x
      |> conv_norm(64, kernel: 7, stride: 2)      as stem
      |> max_pool(3, stride: 2, pad: 1px, rest: drop)
      |> repeat(3, basic_block(64))               as stage1
      |> repeat(4, basic_block(128, widening: 2)) as stage2
      |> repeat(6, basic_block(256, widening: 2)) as stage3
      |> repeat(3, basic_block(512, widening: 2)) as stage4
  if pool then y |> global_avg_pool else y
}

## ResNet with 50 layers, of bottlenecks with the stride where torchvision has it (v1.5): f32[H, W, C] becomes f32[2048],
## or f32[ceil(H / 32), ceil(W / 32), 2048] with `pool: no`. 23.5 million parameters.
## For example `photo |> resnet50 as backbone |> dense(37) as head`.
layer resnet50(pool: bool = yes) on x: f32[H, W, C] -> f32[.., 2048] {
  y = x
      |> conv_norm(64, kernel: 7, stride: 2)      as stem
      |> max_pool(3, stride: 2, pad: 1px, rest: drop)
      |> repeat(3, bottleneck(256, widening: 1))  as stage1
      |> repeat(4, bottleneck(512, widening: 2))  as stage2
      |> repeat(6, bottleneck(1024, widening: 2)) as stage3
      |> repeat(3, bottleneck(2048, widening: 2)) as stage4
  if pool then y |> global_avg_pool else y
}

names torchvision of resnet18, resnet34 {
  rename "conv1.*"                     -> stem.conv.* as oihw
  rename "bn1.*"                       -> stem.batch_norm.*
  rename "layer{i}.{j}.conv1.*"        -> stage{i}[{j}].a.conv.* as oihw
  rename "layer{i}.{j}.bn1.*"          -> stage{i}[{j}].a.batch_norm.*
  rename "layer{i}.{j}.conv2.*"        -> stage{i}[{j}].b.conv.* as oihw
  rename "layer{i}.{j}.bn2.*"          -> stage{i}[{j}].b.batch_norm.*
  rename "layer{i}.{j}.downsample.0.*" -> stage{i}[{j}].proj.conv.* as oihw
  rename "layer{i}.{j}.downsample.1.*" -> stage{i}[{j}].proj.batch_norm.*
  skip   "fc.*"
}

names torchvision of resnet50 {
  rename "conv1.*"                     -> stem.conv.* as oihw
  rename "bn1.*"                       -> stem.batch_norm.*
  rename "layer{i}.{j}.conv1.*"        -> stage{i}[{j}].a.conv.* as oihw
  rename "layer{i}.{j}.bn1.*"          -> stage{i}[{j}].a.batch_norm.*
  rename "layer{i}.{j}.conv2.*"        -> stage{i}[{j}].b.conv.* as oihw
  rename "layer{i}.{j}.bn2.*"          -> stage{i}[{j}].b.batch_norm.*
  rename "layer{i}.{j}.conv3.*"        -> stage{i}[{j}].c.conv.* as oihw
  rename "layer{i}.{j}.bn3.*"          -> stage{i}[{j}].c.batch_norm.*
  rename "layer{i}.{j}.downsample.0.*" -> stage{i}[{j}].proj.conv.* as oihw
  rename "layer{i}.{j}.downsample.1.*" -> stage{i}[{j}].proj.batch_norm.*
  skip   "fc.*"
}

# ------------------------------------------------------------------------------------------------ plain networks

## The network of the Visual Geometry Group with 11 layers (Simonyan & Zisserman, 2015): f32[H, W, C] becomes f32[4096],
## or f32[floor(H / 32), floor(W / 32), 512] without its dense layers, `fc: no`. 128.8 million parameters, of them 9.2 million
## in convolutions; images have 32 × 32 pixels at the least. For example `photo |> vgg11(fc: no) as backbone`.
layer vgg11(fc: bool = yes) on x: f32[H, W, C] -> f32[..] {
  require H > 31 and W > 31, "the image is smaller than 32 × 32 pixels"
  y = x
      |> conv(64, pad: 1px, act: relu, init: he_normal)  as conv1_1
      |> max_pool(2, rest: drop)
      |> conv(128, pad: 1px, act: relu, init: he_normal) as conv2_1
      |> max_pool(2, rest: drop)
      |> conv(256, pad: 1px, act: relu, init: he_normal) as conv3_1
      |> conv(256, pad: 1px, act: relu, init: he_normal) as conv3_2
      |> max_pool(2, rest: drop)
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv4_1
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv4_2
      |> max_pool(2, rest: drop)
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv5_1
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv5_2
      |> max_pool(2, rest: drop)
  if fc
  then in_rows(y) |> dense(4096, relu) as fc6 |> dropout(50%) |> dense(4096, relu) as fc7 |> dropout(50%)
  else y
}

## The same with 16 layers: 134.3 million parameters, of them 14.7 million in convolutions.
## For example `photo |> vgg16(fc: no) as backbone`.
layer vgg16(fc: bool = yes) on x: f32[H, W, C] -> f32[..] {
  require H > 31 and W > 31, "the image is smaller than 32 × 32 pixels"
  y = x
      |> conv(64, pad: 1px, act: relu, init: he_normal)  as conv1_1
      |> conv(64, pad: 1px, act: relu, init: he_normal)  as conv1_2
      |> max_pool(2, rest: drop)
      |> conv(128, pad: 1px, act: relu, init: he_normal) as conv2_1
      |> conv(128, pad: 1px, act: relu, init: he_normal) as conv2_2
      |> max_pool(2, rest: drop)
      |> conv(256, pad: 1px, act: relu, init: he_normal) as conv3_1
      |> conv(256, pad: 1px, act: relu, init: he_normal) as conv3_2
      |> conv(256, pad: 1px, act: relu, init: he_normal) as conv3_3
      |> max_pool(2, rest: drop)
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv4_1
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv4_2
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv4_3
      |> max_pool(2, rest: drop)
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv5_1
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv5_2
      |> conv(512, pad: 1px, act: relu, init: he_normal) as conv5_3
      |> max_pool(2, rest: drop)
  if fc
  then in_rows(y) |> dense(4096, relu) as fc6 |> dropout(50%) |> dense(4096, relu) as fc7 |> dropout(50%)
  else y
}

## 7 × 7 places of each channel, one channel behind the other: what the dense layers of VGG read.
fn in_rows(x: f32[H, W, C]) {
  y = if H == 7 and W == 7 then x else x |> adaptive_avg_pool(7)
  reshape(for c in C, i in 7, j in 7 => y[i, j, c], [49 * C])
}

names torchvision of vgg11 {
  rename "features.0.*"   -> conv1_1.* as oihw
  rename "features.3.*"   -> conv2_1.* as oihw
  rename "features.6.*"   -> conv3_1.* as oihw
  rename "features.8.*"   -> conv3_2.* as oihw
  rename "features.11.*"  -> conv4_1.* as oihw
  rename "features.13.*"  -> conv4_2.* as oihw
  rename "features.16.*"  -> conv5_1.* as oihw
  rename "features.18.*"  -> conv5_2.* as oihw
  rename "classifier.0.*" -> fc6.* as oi
  rename "classifier.3.*" -> fc7.* as oi
  skip   "classifier.6.*"
}

names torchvision of vgg16 {
  rename "features.0.*"   -> conv1_1.* as oihw
  rename "features.2.*"   -> conv1_2.* as oihw
  rename "features.5.*"   -> conv2_1.* as oihw
  rename "features.7.*"   -> conv2_2.* as oihw
  rename "features.10.*"  -> conv3_1.* as oihw
  rename "features.12.*"  -> conv3_2.* as oihw
  rename "features.14.*"  -> conv3_3.* as oihw
  rename "features.17.*"  -> conv4_1.* as oihw
  rename "features.19.*"  -> conv4_2.* as oihw
  rename "features.21.*"  -> conv4_3.* as oihw
  rename "features.24.*"  -> conv5_1.* as oihw
  rename "features.26.*"  -> conv5_2.* as oihw
  rename "features.28.*"  -> conv5_3.* as oihw
  rename "classifier.0.*" -> fc6.* as oi
  rename "classifier.3.*" -> fc7.* as oi
  skip   "classifier.6.*"
}

# ------------------------------------------------------------------------------------------------ mobile networks

## Channels made `factor` times as many, a depthwise convolution, and no activation behind the last convolution; with a
## shortcut where no size changes (Sandler et al., 2018). With `squeeze: 4` the channels are weighed by
## `squeeze_excitation`, of a quarter as many units as the block sees channels (Tan & Le, 2019). `widening` is that of
## `basic_block`. For example `x |> inverted_residual(4) as block`,
## `x |> repeat(2, inverted_residual(8, kernel: 5, widening: 2, squeeze: 4, act: silu)) as stage`.
layer inverted_residual(channels: int, kernel: int = 3, stride: int = 1, widening: int = stride, factor: int = 6,
                        squeeze: int = 0, act: fn = relu6, pad: padding = floor((kernel - 1) / 2) * 1px,
                        eps: real = 1e-5)
  on x: f32[H, W, C] -> f32[.., channels]
{
  s     = if C == channels then stride else widening
  many  = if factor == 1 then x else x |> conv_norm(factor * C, kernel: 1, act: act, eps: eps) as expand
  seen  = many |> conv_norm(
    factor * C,
    kernel: kernel,
    stride: s,
    groups: factor * C,
    act: act,
    pad: pad,
    eps: eps,
  ) as depthwise
  units = if squeeze == 0 then 0 else max(floor(C / squeeze), 1)
  kept  = if squeeze == 0 then seen else seen |> squeeze_excitation(units, act: act) as excitation
  y     = kept |> conv_norm(channels, kernel: 1, act: identity, eps: eps) as project
  if s == 1 and C == channels then x + y else y
}

## MobileNetV2 (Sandler et al., 2018): f32[H, W, C] becomes f32[1280], or f32[ceil(H / 32), ceil(W / 32), 1280] with
## `pool: no`. 2.2 million parameters; made for 224 × 224 pixels, and good for others.
## For example `photo |> mobilenet_v2 as backbone |> dropout(20%) |> dense(37) as head`.
layer mobilenet_v2(pool: bool = yes) on x: f32[H, W, C] -> f32[.., 1280] {
  y = x
      |> conv_norm(32, stride: 2, act: relu6)   as stem
      |> inverted_residual(16, factor: 1)       as block1
      |> inverted_residual(24, stride: 2)       as block2
      |> inverted_residual(24)                  as block3
      |> inverted_residual(32, stride: 2)       as block4
      |> inverted_residual(32)                  as block5
      |> inverted_residual(32)                  as block6
      |> inverted_residual(64, stride: 2)       as block7
      |> inverted_residual(64)                  as block8
      |> inverted_residual(64)                  as block9
      |> inverted_residual(64)                  as block10
      |> inverted_residual(96)                  as block11
      |> inverted_residual(96)                  as block12
      |> inverted_residual(96)                  as block13
      |> inverted_residual(160, stride: 2)      as block14
      |> inverted_residual(160)                 as block15
      |> inverted_residual(160)                 as block16
      |> inverted_residual(320)                 as block17
      |> conv_norm(1280, kernel: 1, act: relu6) as last
  if pool then y |> global_avg_pool else y
}

names torchvision of mobilenet_v2 {
  rename "features.0.0.*"          -> stem.conv.* as oihw
  rename "features.0.1.*"          -> stem.batch_norm.*
  rename "features.1.conv.0.0.*"   -> block1.depthwise.conv.* as oihw
  rename "features.1.conv.0.1.*"   -> block1.depthwise.batch_norm.*
  rename "features.1.conv.1.*"     -> block1.project.conv.* as oihw
  rename "features.1.conv.2.*"     -> block1.project.batch_norm.*
  rename "features.{i}.conv.0.0.*" -> block{i}.expand.conv.* as oihw
  rename "features.{i}.conv.0.1.*" -> block{i}.expand.batch_norm.*
  rename "features.{i}.conv.1.0.*" -> block{i}.depthwise.conv.* as oihw
  rename "features.{i}.conv.1.1.*" -> block{i}.depthwise.batch_norm.*
  rename "features.{i}.conv.2.*"   -> block{i}.project.conv.* as oihw
  rename "features.{i}.conv.3.*"   -> block{i}.project.batch_norm.*
  rename "features.18.0.*"         -> last.conv.* as oihw
  rename "features.18.1.*"         -> last.batch_norm.*
  skip   "classifier.*"
}

## EfficientNet-B0 (Tan & Le, 2019): f32[H, W, C] becomes f32[1280], or f32[ceil(H / 32), ceil(W / 32), 1280] with
## `pool: no`. 4 million parameters; made for 224 × 224 pixels, and good for others. No blocks are left out in training
## (stochastic depth). For example `photo |> efficientnet_b0 as backbone |> dropout(20%) |> dense(37) as head`.
layer efficientnet_b0(pool: bool = yes) on x: f32[H, W, C] -> f32[.., 1280] {
  y = x
      |> conv_norm(32, stride: 2, act: silu)                                              as stem
      |> repeat(1, inverted_residual(16, factor: 1, squeeze: 4, act: silu))               as stage1
      |> repeat(2, inverted_residual(24, widening: 2, squeeze: 4, act: silu))             as stage2
      |> repeat(2, inverted_residual(40, kernel: 5, widening: 2, squeeze: 4, act: silu))  as stage3
      |> repeat(3, inverted_residual(80, widening: 2, squeeze: 4, act: silu))             as stage4
      |> repeat(3, inverted_residual(112, kernel: 5, squeeze: 4, act: silu))              as stage5
      |> repeat(4, inverted_residual(192, kernel: 5, widening: 2, squeeze: 4, act: silu)) as stage6
      |> repeat(1, inverted_residual(320, squeeze: 4, act: silu))                         as stage7
      |> conv_norm(1280, kernel: 1, act: silu)                                            as last
  if pool then y |> global_avg_pool else y
}

names torchvision of efficientnet_b0 {
  rename "features.0.0.*"                 -> stem.conv.* as oihw
  rename "features.0.1.*"                 -> stem.batch_norm.*
  rename "features.1.0.block.0.0.*"       -> stage1[0].depthwise.conv.* as oihw
  rename "features.1.0.block.0.1.*"       -> stage1[0].depthwise.batch_norm.*
  rename "features.1.0.block.1.fc1.*"     -> stage1[0].excitation.reduce.* as oihw
  rename "features.1.0.block.1.fc2.*"     -> stage1[0].excitation.restore.* as oihw
  rename "features.1.0.block.2.0.*"       -> stage1[0].project.conv.* as oihw
  rename "features.1.0.block.2.1.*"       -> stage1[0].project.batch_norm.*
  rename "features.{i}.{j}.block.0.0.*"   -> stage{i}[{j}].expand.conv.* as oihw
  rename "features.{i}.{j}.block.0.1.*"   -> stage{i}[{j}].expand.batch_norm.*
  rename "features.{i}.{j}.block.1.0.*"   -> stage{i}[{j}].depthwise.conv.* as oihw
  rename "features.{i}.{j}.block.1.1.*"   -> stage{i}[{j}].depthwise.batch_norm.*
  rename "features.{i}.{j}.block.2.fc1.*" -> stage{i}[{j}].excitation.reduce.* as oihw
  rename "features.{i}.{j}.block.2.fc2.*" -> stage{i}[{j}].excitation.restore.* as oihw
  rename "features.{i}.{j}.block.3.0.*"   -> stage{i}[{j}].project.conv.* as oihw
  rename "features.{i}.{j}.block.3.1.*"   -> stage{i}[{j}].project.batch_norm.*
  rename "features.8.0.*"                 -> last.conv.* as oihw
  rename "features.8.1.*"                 -> last.batch_norm.*
  skip   "classifier.*"
}

## EfficientNet-Lite0 (Liu, 2020), an EfficientNet-B0 for small processors, without squeeze and excitation and with relu6;
## padded as in TensorFlow, where its weights come from. f32[H, W, C] becomes f32[1280], or f32[ceil(H / 32),
## ceil(W / 32), 1280] with `pool: no`. 3.4 million parameters.
## For example `photo |> efficientnet_lite0 as backbone |> dropout(20%) |> dense(37) as head`.
layer efficientnet_lite0(pool: bool = yes) on x: f32[H, W, C] -> f32[.., 1280] {
  y = x
      |> conv_norm(32, stride: 2, act: relu6, pad: same, eps: 1e-3)         as stem
      |> inverted_residual(16, factor: 1, pad: same, eps: 1e-3)             as block0
      |> inverted_residual(24, stride: 2, pad: same, eps: 1e-3)             as block1
      |> inverted_residual(24, pad: same, eps: 1e-3)                        as block2
      |> inverted_residual(40, kernel: 5, stride: 2, pad: same, eps: 1e-3)  as block3
      |> inverted_residual(40, kernel: 5, pad: same, eps: 1e-3)             as block4
      |> inverted_residual(80, stride: 2, pad: same, eps: 1e-3)             as block5
      |> inverted_residual(80, pad: same, eps: 1e-3)                        as block6
      |> inverted_residual(80, pad: same, eps: 1e-3)                        as block7
      |> inverted_residual(112, kernel: 5, pad: same, eps: 1e-3)            as block8
      |> inverted_residual(112, kernel: 5, pad: same, eps: 1e-3)            as block9
      |> inverted_residual(112, kernel: 5, pad: same, eps: 1e-3)            as block10
      |> inverted_residual(192, kernel: 5, stride: 2, pad: same, eps: 1e-3) as block11
      |> inverted_residual(192, kernel: 5, pad: same, eps: 1e-3)            as block12
      |> inverted_residual(192, kernel: 5, pad: same, eps: 1e-3)            as block13
      |> inverted_residual(192, kernel: 5, pad: same, eps: 1e-3)            as block14
      |> inverted_residual(320, pad: same, eps: 1e-3)                       as block15
      |> conv_norm(1280, kernel: 1, act: relu6, eps: 1e-3)                  as last
  if pool then y |> global_avg_pool else y
}

## The names of the packages `efficientnet_pytorch` and `efficientnet_lite_pytorch`.
names efficientnet_pytorch of efficientnet_lite0 {
  rename "_conv_stem.*"                  -> stem.conv.* as oihw
  rename "_bn0.*"                        -> stem.batch_norm.*
  rename "_blocks.{i}._expand_conv.*"    -> block{i}.expand.conv.* as oihw
  rename "_blocks.{i}._bn0.*"            -> block{i}.expand.batch_norm.*
  rename "_blocks.{i}._depthwise_conv.*" -> block{i}.depthwise.conv.* as oihw
  rename "_blocks.{i}._bn1.*"            -> block{i}.depthwise.batch_norm.*
  rename "_blocks.{i}._project_conv.*"   -> block{i}.project.conv.* as oihw
  rename "_blocks.{i}._bn2.*"            -> block{i}.project.batch_norm.*
  rename "_conv_head.*"                  -> last.conv.* as oihw
  rename "_bn1.*"                        -> last.batch_norm.*
  skip   "_fc.*"
}
