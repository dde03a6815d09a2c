data fern
  source:table 70%}

fn argmax(z:f32[K=(for k)