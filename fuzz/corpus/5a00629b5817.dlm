Kloss x
model home{2as=ut
: