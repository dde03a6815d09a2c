##
let b 1