train{lr:1e:
lr