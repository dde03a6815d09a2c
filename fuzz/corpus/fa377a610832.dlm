model
    xas}}}