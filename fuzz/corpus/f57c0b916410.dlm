dlm  
dlm