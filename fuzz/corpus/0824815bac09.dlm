train exponential{transfer from"{
}"=
}"=
train exponential{transfer from"{
train exponential{transfer from"{
hinge=
}