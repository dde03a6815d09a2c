table{||
||| sgd