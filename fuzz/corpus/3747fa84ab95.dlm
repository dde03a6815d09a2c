train{:
data  }