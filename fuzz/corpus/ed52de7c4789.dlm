data pairsbins{source:csv("pairs.csv")
input x:number}

