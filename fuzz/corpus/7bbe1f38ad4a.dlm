model auroc
    xas}