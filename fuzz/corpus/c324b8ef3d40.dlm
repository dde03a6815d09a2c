train{for:step
checkpoint:(10min)
stop: patience(steps)}