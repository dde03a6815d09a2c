{
data spheres{source
data spheres{
data spheres{sourcevolume
data spheres{source volume
data spheres{
data spheres{source
data spheres{source
data spheres{
data spheres{source
data spheres{source volume
lstm