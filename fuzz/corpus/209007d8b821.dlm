cosine*
: