data clocks0{
train{data:cYocks