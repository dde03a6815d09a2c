m
let pi:(relu6