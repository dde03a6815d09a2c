train silu
bf16