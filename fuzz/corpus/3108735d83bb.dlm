let  
let on let