confusionmse
    =}