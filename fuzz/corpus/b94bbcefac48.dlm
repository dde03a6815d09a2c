]{損[{modelf64[{odel[))[]{model[){損[{modelf64[{odel[)))[)[]{f64[{modelf64[{model[[]{損[{modelf64[{99999999999999999999odel[)dlm{{[{modelf64[{odel[)))[)[]{f64[{modelf64[{model[ cross_entropy )))[)[glorotmse{modelf64table{)
    || | 1    |
useexponential"gate.)" 7maskgates }model net 