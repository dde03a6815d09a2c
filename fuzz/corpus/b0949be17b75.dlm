m1max_poolmodelm
model   on  