metric average_precisionon()->score across
on:
    freeze}