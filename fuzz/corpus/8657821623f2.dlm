data cafes {csv
  ignore name
model= |> dense(1)
[({[(({[({[(  optimizer: adam
 epochs
}