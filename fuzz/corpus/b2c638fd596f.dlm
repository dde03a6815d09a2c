data:
data:
data