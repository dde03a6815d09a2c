dlm 1
data cats|{
  source: 
 }
model sofa:number ->  = age |
train {
  optimizer: adam(lr      0.01)
    }  for:       50 epochs
  loss:      mae
  optimizer: adam(lr      0.01)
train {
  model::bulb
  freeze  top pawone_cycle purr
}