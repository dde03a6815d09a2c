data fern
  source:table 70}
fn argmax(zK=forflattenk