2
dlm