  split
}