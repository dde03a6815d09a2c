then
'