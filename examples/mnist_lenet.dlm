dlm 1

## Handwritten digits, each turned and shifted a little every time it is seen (LeCun et al., 1998).
##
## The lesson: two layers of windows and two of weights read more than 99 of 100 digits that they have never seen. The images
## are MNIST's, too many for this folder: `DLMC_DATA` names the one that holds them. What comes of it is in `docs/images.md`.
data mnist {
  source: idx(images: "mnist/train-images-idx3-ubyte.gz", labels: "mnist/train-labels-idx1-ubyte.gz")
  test:   idx(images: "mnist/t10k-images-idx3-ubyte.gz", labels: "mnist/t10k-labels-idx1-ubyte.gz")

  input  image: image[28, 28, 1] = images |> scale(0 .. 1)
  target digit: class[10]        = labels
}

model lenet on image: f32[H, W, C] -> logits[K] {
  image
  |> conv(32, act: relu) as conv1
  |> max_pool
  |> conv(64, act: relu) as conv2
  |> max_pool
  |> flatten
  |> dense(128, relu)    as fc1
  |> dense(K)            as fc2
}

train {
  model:     lenet
  data:      mnist
  loss:      cross_entropy
  optimizer: adam(lr: 1e-3)
  schedule:  cosine
  batch:     64
  for:       5 epochs
  metrics:   [accuracy]
  seed:      1

  augment image {
    rotate(-10deg .. 10deg)
    translate(-2px .. 2px)
  }
}
