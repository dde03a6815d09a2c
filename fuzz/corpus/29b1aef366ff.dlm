table{||
||