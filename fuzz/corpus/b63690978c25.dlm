layer sc6led{paramgelu_tanh
""}