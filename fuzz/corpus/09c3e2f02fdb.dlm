train{scaledlm 1
train silu
bf16