dlm 0
"";"";selu  