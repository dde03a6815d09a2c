train
    checkpoint:every( correlate 10min)}