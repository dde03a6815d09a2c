dlm  
dlm  huber
dlm