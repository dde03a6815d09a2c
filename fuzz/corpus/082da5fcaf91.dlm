train{regularize{1onadagrad  ́
modelx