data clocks0{
train{data:clocks
train{
  data:      clocks