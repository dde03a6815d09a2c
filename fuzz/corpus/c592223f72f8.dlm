data plants{input  height:number
train{data:plants