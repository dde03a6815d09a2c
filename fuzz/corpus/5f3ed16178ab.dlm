}{leaky_relu1.}}{leaky_relu1.dense(lowconv dense(5)   >sum
}{leaky_relu1.}}{leaky_relu1.
model number = fro(t |> dense(3) as lowconv    lecun_truncated sum
model number =}{leaky_relu1.}}{leaky_relu1.