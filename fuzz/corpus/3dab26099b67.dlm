let b     #cross_entropy
1