data moons {
  input  day:    number standardize
  target bright: number =brightstandardize
}
  data: