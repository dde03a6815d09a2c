table{||
||
|||  train