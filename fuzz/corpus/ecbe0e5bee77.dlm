train{odel     filter
loss:binary_cross_entropy