layer foldedtimes2 on xN
    require times<4 and by < N, "more"  2}