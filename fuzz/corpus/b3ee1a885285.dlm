let(
let