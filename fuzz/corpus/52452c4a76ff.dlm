data cats{input  age:number|> standardize
  target