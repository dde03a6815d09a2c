train{regularize{seed
seed