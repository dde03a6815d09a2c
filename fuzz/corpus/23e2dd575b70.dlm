dlm
dlm
dlm{