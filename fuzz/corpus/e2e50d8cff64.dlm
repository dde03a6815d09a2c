table{||
|||  train