admable
train{for:(2epochs)^2|}