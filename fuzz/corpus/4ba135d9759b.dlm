train{for:step
checkpoint:(10min)
tied_to:(steps)}