#
train{