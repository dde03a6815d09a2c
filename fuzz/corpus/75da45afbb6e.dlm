or=or
or=or