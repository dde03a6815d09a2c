layer adaptive_avg_pool() on  C] {for i in size, c in C => sum(for t in T => places[i, t] * x[, c])
}