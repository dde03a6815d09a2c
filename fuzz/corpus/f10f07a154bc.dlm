train{regularize# c
}