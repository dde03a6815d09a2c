layer foldedtimes2 on xN
    require times<4and}}