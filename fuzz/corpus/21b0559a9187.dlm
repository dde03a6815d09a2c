data plants {
  recallinput  height: number
 flattenmodel{model[)))[)[{f64[{modelf64[{model[))f64[{modelf64[{model[)))){modelf64[{model[))){f64[{modelf64[{model[)))[[[[)))