dlm 2
let width=2mask
