dlm 1

use "cifar_resnet20.dlm" { resnet20 }

data fashion {
  source: idx(images: "fashion_mnist/train-images-idx3-ubyte.gz", labels: "fashion_mnist/train-labels-idx1-ubyte.gz")
  test:   idx(images: "fashion_mnist/t10k-images-idx3-ubyte.gz", labels: "fashion_mnist/t10k-labels-idx1-ubyte.gz")

  input  image: image[28, 28, 1] = images |> scale(0 .. 1) |> standardize(per: channel)
  target kind:  class[10]        = labels
}

train {
  model:     resnet20
  data:      fashion
  loss:      cross_entropy
  optimizer: sgd(lr: 0.1, momentum: 0.9, nesterov: yes)
  schedule:  cosine(warmup: 1 epochs)
  batch:     128
  for:       5 epochs
  metrics:   [accuracy]
  seed:      1

  regularize {
    l2(2.5e-4) on *.w
  }

  augment image {
    flip(horizontal)
    crop(28px, 28px, pad: 2px)
  }
}
