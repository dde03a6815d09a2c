data
points{}