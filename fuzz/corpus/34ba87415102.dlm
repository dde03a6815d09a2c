on  number{heat>dense(3,act: tanh) as hidden  a4 out
}