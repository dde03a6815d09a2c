data runners{input  body:multi_step,[]
: