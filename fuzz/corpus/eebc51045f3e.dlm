data lamps{table{
|)|adagrad