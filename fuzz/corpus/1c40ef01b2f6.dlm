model dealer on card:f32-> number =1)
train {model:     detler