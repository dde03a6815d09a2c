train{privacy{sigmoid
let
let