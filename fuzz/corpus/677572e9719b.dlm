data flattenclocks{
train{data:gegluclocks