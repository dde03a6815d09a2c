 on
}
elumodel:net
    freeze}