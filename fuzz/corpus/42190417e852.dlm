data springs{
data fog{
train{data:sprigs