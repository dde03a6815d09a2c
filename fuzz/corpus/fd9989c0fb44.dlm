dlm 1
bins{
  sourcetable{
    ||
  keep: