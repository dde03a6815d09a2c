2
let width=2mask}]