data plants{"
ignore
: