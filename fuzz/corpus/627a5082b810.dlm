layer
 ""}}}