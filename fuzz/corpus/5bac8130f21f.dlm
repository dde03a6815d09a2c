train{regularize# c
}: