data snow {
: {
  }
  target : number
}
  f1: 
}