train{regularize{

    part