let pi:(# c
 relu6