layer pool on x:f32[2, 
 ]