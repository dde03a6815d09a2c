 #
metric max_error on(yhat