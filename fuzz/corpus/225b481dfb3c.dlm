2
dlm 2