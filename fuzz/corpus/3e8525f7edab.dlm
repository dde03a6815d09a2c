train{}
train{}