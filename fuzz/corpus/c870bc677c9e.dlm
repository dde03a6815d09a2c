fn last(adamwxf32[])[]
data hops{