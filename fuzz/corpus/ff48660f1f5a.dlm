[()
on