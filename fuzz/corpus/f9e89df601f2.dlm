let b=a
model m on adamaxx:f32=x |> dense(a) |> dense(1) 