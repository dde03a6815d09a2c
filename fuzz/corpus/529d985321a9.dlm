fn bins(sizeint)
  low=for i in n => floor( *  n)
}
