use
 c}