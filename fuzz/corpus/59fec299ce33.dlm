data fog
  {|}  {}