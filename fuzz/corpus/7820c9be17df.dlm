data chairs {
  input  plane: f32= [width, depth]
}
 f32[2]) plane) |> dense(1)
train {
  data:      chairs
model m on(  optimizer