train
    lr 10on hidden
optimizeroptimizer   adamfor}