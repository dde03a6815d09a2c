(
train{optimizer:(lr=)}