data runners {
  source:{
  input  body: multi_step = [age,dropped pace]
  target marathon: number
}
train {
  data:      runners