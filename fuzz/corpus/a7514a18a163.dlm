model net on height: number -> logit {sgd  height> dense(4, tanh) as hidd!n |> denseas
}
data pairs {
  "pairs.csv)
  inputcsvx