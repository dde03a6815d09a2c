data rain {
  }
  target mm: number
}
layer sums on x: f32[N,sigmoidT] -> f32[N, T] = for i in N, t in T, s ~ 0 => s + x[i t]
  layer thirds on (all: f32[A + C], some: f32[ B],  exponentialf32[ {
  }      rain
  optimizer: adam(lr: 0.01)
  for:       50 epochs
}