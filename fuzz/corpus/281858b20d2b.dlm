data plants{:( #d
number