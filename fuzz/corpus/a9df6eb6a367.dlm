}("
or