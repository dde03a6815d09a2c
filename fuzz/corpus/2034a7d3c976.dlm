data oats {
  source: table {
        | 11    |
  }
  target sacks: nuber
}
train {
  data:      oats
}