  split:
}