(
t