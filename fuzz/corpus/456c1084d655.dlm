table {
 | pods |
    
    | 11   |
model vine on days: number -> number =    days (1)
train {
  for:       5 epochs|}