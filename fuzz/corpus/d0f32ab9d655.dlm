fn bins( intnint) {
 n floor(cast(if32)) Of  each.
  for i in n,  size 