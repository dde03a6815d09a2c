data fern
  source:table 70}