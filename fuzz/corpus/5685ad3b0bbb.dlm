train{model:   
data