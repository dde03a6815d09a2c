fn halved(x)2
        epochs}