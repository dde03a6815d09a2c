data plants{target binary
}
data plants {target binary
}
