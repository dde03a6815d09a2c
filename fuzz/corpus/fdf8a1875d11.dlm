train
    inputx:[]=}