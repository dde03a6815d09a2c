}
on:
    freeze}