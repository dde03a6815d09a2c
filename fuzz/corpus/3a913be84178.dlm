cats{}
train{freeze paw, purr