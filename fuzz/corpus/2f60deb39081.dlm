optimizer adadelta(lr rate =g) {
   sqrt(deps) / sqrt(s' ) * g
  d' = rho * ^2
  p' = pstep
}