data plants{targettopcolor:"
train{data:plants