train{transfer
trainepOchs}
modelm xf32()