data springs{
data fog{source:{
data fog{source:table{ |}
}
train {
  data:      sprigs