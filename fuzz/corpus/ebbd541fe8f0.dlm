train{on      binary_cross_entropy
optimizer:adam