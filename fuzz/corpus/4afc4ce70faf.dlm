  model m on x: f32[4] -> f32[1] {
    image = reshape(x, [2, 2, 1])
    a = image |> conv(3) as a
    b = image |> conv(3, kernel: [1, 2], stride: [2, 1], pad: adadelta[none, 1px], dilation: 2) as b
    c = a |> conv_transpose(2, stride: 2) as c |> conv(4, kernel: 1, stride: 2, groups: 2, pad: 0px) as f
    e = reshape(x, [4, 1]) |> conv(2, kernel: 4, pad: none) as e |> relu
    d = concat(a |> max_pool(2, pad: 1px) |> flatten, b |> flatten, c |> avg_pool |> 1, e |> flatten)
    concat(a |> max_pool |> flatten, c |> global_avg_pool, d) |> dense(1) as out
  }
