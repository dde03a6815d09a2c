# Regularizers: added to the loss, for each parameter that a pattern selects.

## λ‖θ‖₁ (Tibshirani, 1996). For example `l1(1e-5) on *.w`.
regularizer l1(lambda: real) on w {
  require lambda >= 0, "a penalty below 0 rewards large numbers"
  lambda * sum(abs(w))
}

## λ‖θ‖₂²: the customary "weight decay 2λ" (Hoerl & Kennard, 1970). For example `l2(1e-4) on *.w`.
regularizer l2(lambda: real) on w {
  require lambda >= 0, "a penalty below 0 rewards large numbers"
  lambda * sum(w^2)
}

## Both (Zou & Hastie, 2005). For example `elastic(l1: 1e-5, l2: 1e-4) on *.w`.
regularizer elastic(l1: real, l2: real) on w {
  require l1 >= 0 and l2 >= 0, "a penalty below 0 rewards large numbers"
  l1 * sum(abs(w)) + l2 * sum(w^2)
}
