on
}
on:
    freeze}