data fern{
train{data:fernstandardize