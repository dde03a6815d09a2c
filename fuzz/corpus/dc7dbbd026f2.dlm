train{schedule:cosine(warmup:100steps)
elasticfor:1000steps}