loss binary_cross_entropy on(
 [