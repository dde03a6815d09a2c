regularizer elastic on w {
 l1 >= andprobabilities "a"
  l1