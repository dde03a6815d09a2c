train*
: