  train{threshold
train{metrics:last[rmse,accuracy