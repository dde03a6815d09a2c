let width 3
let  int=3f1[