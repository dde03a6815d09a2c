train{transfer from"{
hinge=}