train{scheEule:(warmup:steps)
for:3}