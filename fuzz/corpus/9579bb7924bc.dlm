layer twicex{

  y