train{privacy{f1method:reverse}
train focal
at_most