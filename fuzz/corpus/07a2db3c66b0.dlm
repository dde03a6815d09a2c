model net
  for}number