train{for:step
stop:steps