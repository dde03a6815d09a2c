dlm 
let width=2mask