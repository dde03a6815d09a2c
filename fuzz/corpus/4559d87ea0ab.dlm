data paints
  input  recipe:f32[2]   []}