##
##
train{