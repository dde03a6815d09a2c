data toad{damp:number
train {data:      toad