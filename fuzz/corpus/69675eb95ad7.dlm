data locks{|
|
    |       |
train {
  data:      locks