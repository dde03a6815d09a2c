net{}
train{:

  :