number
  train{for:      2.csvturn
  let
  seed:
    schedule  }