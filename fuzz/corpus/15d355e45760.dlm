loss smooth_l1(real=1)on (yhat: f32[N],  # c
  mean