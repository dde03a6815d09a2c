train{privacy{sigmoid
let lecun 
let