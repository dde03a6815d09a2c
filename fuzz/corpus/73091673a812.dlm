loss=){
  }}