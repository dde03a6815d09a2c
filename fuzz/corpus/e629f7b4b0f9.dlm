train{  )
train{  dense()
train