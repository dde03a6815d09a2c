data line {
guesssource: table {| 4 |
  }
  input  x: number
  target y: number
}
model straight {
  guess = x |> dense(1)
    
}
train {
  data: line
onloss: mse
}