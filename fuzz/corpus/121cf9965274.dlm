data fern
  source:table 70}
use std