{[[{{[[[{[[[{[[{ {
optimizer radam(lr