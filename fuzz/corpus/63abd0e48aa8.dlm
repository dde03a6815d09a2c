train
     bins 90s05min
bins 90s}