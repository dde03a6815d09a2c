y
metric average_precision(prob,y: