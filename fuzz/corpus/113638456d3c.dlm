train{table
tides
train{table 
}    |