{"
train{"{
=