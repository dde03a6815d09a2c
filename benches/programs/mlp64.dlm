dlm 1

data mnist {
  source: idx(images: "mnist/train-images-idx3-ubyte.gz", labels: "mnist/train-labels-idx1-ubyte.gz")
  input  image: image[28, 28, 1] = images |> scale(0 .. 1)
  target digit: class[10]        = labels
}

model mlp on image: f32[28, 28, 1] -> logits[10] {
  image
  |> flatten
  |> dense(512, relu) as fc1
  |> dense(256, relu) as fc2
  |> dense(10)        as out
}

train {
  model:     mlp
  data:      mnist
  loss:      cross_entropy
  optimizer: adam(lr: 1e-3)
  regularize {
    l2(1e-4) on *.w
  }
  batch: 64
  for:   1 epochs
  seed:  1
}
