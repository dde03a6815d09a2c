"
or