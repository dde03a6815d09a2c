dlm
asb
model  on 