  model m  x f32[4](1)
  model m  x: dense(1)
  data pointssoftsign{  data