model mx4f32{( )
flatten