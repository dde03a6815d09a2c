loss smooth_l1( real = 1) on (yhat) {
  mean(where(d < betad^2 (), d  2))
}