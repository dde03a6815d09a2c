model mxf32=(x
,2x)