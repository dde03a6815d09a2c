train{transfer
}