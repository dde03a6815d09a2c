let c = sum(for a in k, b in k, c in C => x[a)
let d = a == b  == d andflatten== second_argument_with_a_name or first_argument_with_a_name != second_argument
layeron x: f32bidirectional{