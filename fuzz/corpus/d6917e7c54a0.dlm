`
train{transfer from  input}