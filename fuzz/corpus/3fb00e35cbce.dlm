train{privacy{
|>