data clocks{
train{data:gegluclocks