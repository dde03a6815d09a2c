{
  model m on x
gate }