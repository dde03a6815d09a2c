train{softsign- ()
stopepochs