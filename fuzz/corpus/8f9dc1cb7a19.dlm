train{regularize{}}
train{regularize{}}
train{regularize{}    }
train{regularize{}    :train{regularize regularizemulti_step}{