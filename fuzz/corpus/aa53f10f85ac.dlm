model m on x:f32[[
]