layer
then 