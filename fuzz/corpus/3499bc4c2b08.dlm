train
  data:loss:}