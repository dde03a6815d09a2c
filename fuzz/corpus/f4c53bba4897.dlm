less 0N

