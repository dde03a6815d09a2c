on:
    freeze}