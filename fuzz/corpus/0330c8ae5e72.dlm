train{lr
-