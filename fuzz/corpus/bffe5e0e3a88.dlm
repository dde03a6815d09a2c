use{}
dlm 2dlm