train{18table{|}|
||{  eye