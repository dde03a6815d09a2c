train{regularize{\
\1on