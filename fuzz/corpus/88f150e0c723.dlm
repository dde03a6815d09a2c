data plants{target blooms:lecun_normal
train{data:      plants
