let parts:int=3
layer cut[]