{
dlm 2