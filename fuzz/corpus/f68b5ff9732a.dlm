line {
source:table{|x|
y}
}