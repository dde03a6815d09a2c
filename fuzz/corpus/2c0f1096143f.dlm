data rivers {
  source: table {
    ||
|
    | (    |
 14   |
f32}
(
