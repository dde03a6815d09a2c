train{regul 
: