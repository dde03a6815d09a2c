layer  
  y}