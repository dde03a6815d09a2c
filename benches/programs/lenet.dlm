dlm 1

data mnist {
  source: idx(images: "mnist/train-images-idx3-ubyte.gz", labels: "mnist/train-labels-idx1-ubyte.gz")

  input  image: image[28, 28, 1] = images |> scale(0 .. 1)
  target digit: class[10]        = labels
}

model lenet on image: f32[28, 28, 1] -> logits[10] {
  image
  |> conv(32, act: relu) as conv1
  |> max_pool
  |> conv(64, act: relu) as conv2
  |> max_pool
  |> flatten
  |> dense(128, relu)    as fc1
  |> dense(10)           as fc2
}

train {
  model:     lenet
  data:      mnist
  loss:      cross_entropy
  optimizer: adam(lr: 1e-3)
  batch:     64
  for:       1 epochs
  seed:      1
}
