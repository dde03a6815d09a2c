train{regularize{

    "modelm  x