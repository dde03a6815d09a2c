data staircase{csv""
"