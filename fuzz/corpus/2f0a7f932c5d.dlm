data springs{source:table{
||}}