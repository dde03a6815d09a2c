layer foldedtimes2 on xN
    require  }