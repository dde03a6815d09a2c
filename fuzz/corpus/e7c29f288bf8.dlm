{
"
focal
data plants{"
adam notes
(