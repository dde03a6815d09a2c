[[[[[{{train
[}