model m on xf32=(x
,2x)