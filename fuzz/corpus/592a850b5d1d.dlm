data plants{selit:by_group
train {
  data:      plants