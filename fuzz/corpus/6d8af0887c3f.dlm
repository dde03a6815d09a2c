datapairs
  \}}