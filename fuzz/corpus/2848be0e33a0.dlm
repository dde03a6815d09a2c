*
on{