# Regularizers: added to the loss, for each parameter that a pattern selects.

## λ‖θ‖₁ (Tibshirani, 1996).
regularizer l1(lambda: real) on w {
  require lambda >= 0, "a penalty below 0 rewards large numbers"
  lambda * sum(abs(w))
}

## λ‖θ‖₂²: the customary "weight decay 2λ" (Hoerl & Kennard, 1970).
regularizer l2(lambda: real) on w {
  require lambda >= 0, "a penalty below 0 rewards large numbers"
  lambda * sum(w^2)
}

## Both (Zou & Hastie, 2005).
regularizer elastic(l1: real, l2: real) on w {
  require l1 >= 0 and l2 >= 0, "a penalty below 0 rewards large numbers"
  l1 * sum(abs(w)) + l2 * sum(w^2)
}
