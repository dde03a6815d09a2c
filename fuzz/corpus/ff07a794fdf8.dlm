data plants{height()
batchbody:gelu_tanh[