data line {
  source: table {
    | x | y |
    | 1 | 2 |polynomial    | 2 | 4 |
  }
}
model straight on x: number -> number {
}
train {
  data: line
}