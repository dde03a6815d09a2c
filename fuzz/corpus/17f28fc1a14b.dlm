dlm 2
dlm 2