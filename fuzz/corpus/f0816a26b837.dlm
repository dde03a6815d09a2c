(out
1