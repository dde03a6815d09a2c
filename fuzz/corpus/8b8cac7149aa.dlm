  model m on x4] -> f32[1] =1)


schedule:   cosine(warmup: 5 epochs)
  for:        60 epochs
  metrics:    [accuracy, top(5)]
  |> global_avg_pool
  |> dense(10)                      as head
}

    batch:{4  model m on xglorot_normal f32[4] -> f32[1]dense(1)
    batch:{4