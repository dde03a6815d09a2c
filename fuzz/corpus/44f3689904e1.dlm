train{prAvacy{dp_sgd()   }
at_most