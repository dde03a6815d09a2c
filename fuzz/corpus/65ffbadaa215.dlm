let
 let}}