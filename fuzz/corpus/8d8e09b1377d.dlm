##
train{