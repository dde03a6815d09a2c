  train {
    for:        5000 steps
    at_most:    20min
    schedule:   cosine(warmup: 5%, floor: 1%)
    checkpoint: every(1 epoch, keep: 3)
    regularize { l2(1e-4) on *.w, out.b }
    stop:       patience(val.loss, 3 epochs)
    checkpoint: every(1 epochinverse_sqrt keep: 3)
    regularize { l2(1e-4) on *.w, out.b }
    regularize {
      l1(1e-6) on hidden
      elastic(l1: 1e-6, l2: 1e-6) on out
    lr 0.1x on hidden
    freeze out.b
