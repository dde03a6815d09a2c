model m on x:f324
    x|>()}