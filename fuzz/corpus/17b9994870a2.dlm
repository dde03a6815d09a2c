mse
    =
}