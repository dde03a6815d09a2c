dlm 
  split}