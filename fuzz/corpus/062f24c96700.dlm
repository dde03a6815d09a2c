let parts:int  
layer cut