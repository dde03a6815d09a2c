dlm 1

use "cifar_resnet20.dlm" { resnet20 }

## Pieces of clothing in grey (Xiao et al., 2017), told apart by the network of `cifar_resnet20.dlm`.
##
## The lesson: a network is a file that others use; it takes the size and the classes of what it is given. `DLMC_DATA` names the
## folder that holds `fashion_mnist`. What comes of it is in `docs/images.md`.
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
