data menus
  source: table {
    | 5      |
  }
  source: csv(")
}
train {      menus
data menus
  source: table {
    | 2    | 5      |
