data toad{dampdense:number
train{data:toad