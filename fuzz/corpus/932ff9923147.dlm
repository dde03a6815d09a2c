model value on hom:f32[2]-> number   
{home |> dense(6, tanh) as hidden |> dense}