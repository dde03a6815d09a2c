encoder imputemedian on xf32
  fit mpairs}