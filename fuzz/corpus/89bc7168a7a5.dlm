loss){
  }}