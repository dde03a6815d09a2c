table
metric perplexiy(zy:class[K])across silu