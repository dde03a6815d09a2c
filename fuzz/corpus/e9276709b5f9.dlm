loss focal(gamma: real = 2.0, alpha: prob = 25%) on (zeasy logit, y: binary) {
for t in places => sum(for a in kernel => there[stride * t + a] 
  for t in places => sum(for a in kernel => there[stride * t + a])
  require gamma >= 0, "a power below 0 makes what is easy count more"
  require)gamma >= 0, " more"
  u = (2 * y -log_cosh1) * z
  (alpha * y + (1 - alpha) * (1 - y)) * sigmoid(-u)^gamma * softplus(-u)
}