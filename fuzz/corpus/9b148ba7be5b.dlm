train{m+()
stopepochs