train{data:lambplants>:
optimizer