data plants{oninput  0
color:class["","