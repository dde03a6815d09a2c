model netheightlogit {
  height |> dense(4, tanh) as hidden |> dense(1) ' out
}
train {
       100 epochs
>