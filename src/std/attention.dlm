# Attention: each place of a sequence `f32[T, D]` gathers from the others.

## Softmax(q k / √d) v in `heads` parts of the width side by side, each with its own view of the sequence (Vaswani et al.,
## 2017). `causal`: a place sees itself and those before it. `groups` heads of keys and values serve all heads of queries
## (Ainslie et al., 2023; as many as `heads` if 0). `rotary`: queries and keys are turned by their places (Su et al., 2021).
## For example `x |> attention(heads: 4, causal: yes) as gather`.
layer attention(heads: int, causal: bool = no, drop: prob = 0%, groups: int = 0, rotary: bool = no, bias: bool = yes)
  on x: f32[T, D] -> f32[T, D]
{
  require mod(D, heads) == 0, "the number of heads must divide the width"
  require not rotary or mod(D / heads, 2) == 0,
          "rotary positions turn pairs of numbers, and a head has an odd number of them"
  require groups == 0 or mod(heads, max(groups, 1)) == 0, "the number of groups must divide the number of heads"
  d   = D / heads
  n   = if groups == 0 then heads else groups
  q   = x |> dense(D, bias: bias)     as query |> reshape([T, heads, d])
  k   = x |> dense(n * d, bias: bias) as key |> reshape([T, n, d])
  v   = x |> dense(n * d, bias: bias) as value |> reshape([T, n, d])
  mix = attend(if rotary then rotate(q) else q, if rotary then rotate(k) else k, v, causal, drop)
  mix |> reshape([T, D]) |> dense(D, bias: bias) as out
}

## What each place gathers: the values of the places, weighed by how well their keys meet its query. Keys and values may be
## in fewer heads, each of which serves as many heads of queries. `causal`: a place sees itself and those before it. Where
## there are many, the first half of them gathers from the first half alone.
fn attend(q: f32[T, H, D], k: f32[S, G, D], v: f32[S, G, D], causal: bool = no, drop: prob = 0%) -> f32[T, H, D] {
  query = 1 / sqrt(D) * q
  if causal and T == S and T >= 128 and mod(T, 2) == 0
  then concat(
    weighed(query[0 .. T / 2], k[0 .. T / 2], v[0 .. T / 2], yes, drop),
    weighed(query[T / 2 .. T], k, v, yes, drop),
    axis: 0,
  )
  else weighed(query, k, v, causal, drop)
}

## Softmax(q k) v, by heads. `causal`: the last query sees all places, each before it one less. What a softmax is divided by
## divides what is gathered, which has fewer numbers.
fn weighed(q: f32[T, H, D], k: f32[S, G, D], v: f32[S, G, D], causal: bool, drop: prob) -> f32[T, H, D] {
  each  = H / G
  query = reshape(q, [T, G, each, D])
  score = for g in G, e in each, i in T, j in S => sum(for c in D => query[i, g, e, c] * k[j, g, c])
  rows  = reshape(score, [H, T, S])
  part  = softmax_part(if causal then mask(rows) else rows)
  whole = sum(part, over: 2)
  kept  = reshape(if training and drop > 0 then dropped(part, drop) else part, [G, each, T, S])
  mix   = reshape(for i in T, g in G, e in each, c in D => sum(for j in S => kept[g, e, i, j] * v[j, g, c]), [T, H, D])
  for i in T, h in H, c in D => mix[i, h, c] / whole[h, i]
}

## Scores without those of later places: -∞, so that a softmax gives them nothing. The last row sees all places.
fn mask(score: f32[I, J], rule: name = causal) {
  require rule == causal, "a mask is `causal`"
  for i in I, j in J => where(j <= i + J - I, score[i, j], -1e30)
}

## Each number is zero with probability `p`, the others grow by 1 / (1 - p).
fn dropped(x: f32[..], p: prob) = where(noise(uniform, like: x) < p, 0, x / (1 - p))

## The place times a frequency, for each place and each pair of a width; the frequencies fall from 1 to 1 / `base`.
fn angles(places: int, width: int, base: real) =
  for t in places, c in width / 2 => cast(t, f32) * exp(-log(base) * 2 * cast(c, f32) / width)

## Pairs of numbers turned by the place of the sequence times a frequency that falls from 1 to 1 / `base` (Su et al., 2021).
## The two of a pair are half the width apart.
fn rotate(x: f32[T, H, D], base: real = 10000) -> f32[T, H, D] {
  half  = D / 2
  angle = angles(T, D, base)
  (a, b) = split(x, 2)
  first  = for t in T, h in H, c in half => a[t, h, c] * cos(angle[t, c]) - b[t, h, c] * sin(angle[t, c])
  second = for t in T, h in H, c in half => a[t, h, c] * sin(angle[t, c]) + b[t, h, c] * cos(angle[t, c])
  concat(first, second, axis: 2)
}

## A block of a transformer: attention, then two dense layers at each place, both beside the way straight through.
## `pre`: norms come before the two, as in GPT-2 (Xiong et al., 2020), else after, as in the paper (Vaswani et al., 2017).
## For example `x |> transformer_block(heads: 4, causal: yes, rotary: yes) as block`.
layer transformer_block(
  heads: int,
  hidden: int = 0,
  act: fn = gelu,
  causal: bool = no,
  drop: prob = 0%,
  groups: int = 0,
  rotary: bool = no,
  pre: bool = yes,
) on x: f32[T, D] -> f32[T, D] {
  wide = if hidden == 0 then 4 * D else hidden
  at   = if pre then x |> layer_norm as norm1 else x
  a    = x + (at |> attention(heads, causal, drop, groups, rotary) as attend |> dropout(drop))
  b    = if pre then a else a |> layer_norm as norm1
  way  = if pre then b |> layer_norm as norm2 else b
  c    = b + (way |> dense(wide, act) as up |> dense(D) as down |> dropout(drop))
  if pre then c else c |> layer_norm as norm2
}

## Scores of each row of a stage's table, as its own embedding would give them: parameters that are used twice
## (Press & Wolf, 2017). For example `word |> embed(8) as words |> tied_to(words)`.
layer tied_to(table: layer) on x: f32[.., D] = x @ transpose(table.w)

## What the place adds to a sequence: sines and cosines of falling frequencies (Vaswani et al., 2017).
## For example `x |> sinusoidal`.
layer sinusoidal on x: f32[T, D] -> f32[T, D] {
  require mod(D, 2) == 0, "places are told by pairs of numbers, and the width is odd"
  half  = D / 2
  angle = angles(T, D, 10000)
  x + reshape(permute([sin(angle), cos(angle)] |> reshape([2, T, half]), [1, 2, 0]), [T, D])
}
