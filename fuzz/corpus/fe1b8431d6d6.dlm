encoder scale( range = 01)  {  fit low  =   rows)
  fit high = max(rows)instance_norm
data{