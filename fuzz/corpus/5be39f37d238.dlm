model netleaflogit{(sigmoid tanh)he_normalashiddendense()as out
}attend