train{regularize{{}
[
    |