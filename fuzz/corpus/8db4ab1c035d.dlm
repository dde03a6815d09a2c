data slide{source:table  40
|
train{|