0
train{|
freeze normconstant