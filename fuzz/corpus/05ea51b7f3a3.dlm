causal) {
layer tower on as highlet}}}{[ }}{[}}}{[}{[{[}}}{[}}}}}{[{[}}causal, "a mask is `causal`"
