# Recurrent layers: what they know of the places before is carried from place to place of a sequence `f32[T, I]`.

## h' = act(x[t] w + h u + b), from h = 0; the h' of all places (Elman, 1990). For example `x |> rnn(16) as memory`.
layer rnn(units: int, act: fn = tanh, init: fn = glorot) on x: f32[T, I] -> f32[T, units] {
  param w: f32[I, units]     ~ init
  param u: f32[units, units] ~ init
  param b: f32[units]        ~ zeros
  for t in T, h ~ zeros([units]) => act(x[t] @ w + h @ u + b)
}

## Long short-term memory (Hochreiter & Schmidhuber, 1997; with forget gates, Gers et al., 2000). The gates stand side by
## side in `w`, `u` and `b` in the order input, forget, cell, output, as in PyTorch, whose two biases are one here.
## For example `x |> lstm(16) as memory |> last`.
layer lstm(units: int, init: fn = glorot) on x: f32[T, I] -> f32[T, units] {
  param w: f32[I, 4 * units]     ~ init
  param u: f32[units, 4 * units] ~ init
  param b: f32[4 * units]        ~ zeros
  (h, c) = for t in T, h ~ zeros([units]), c ~ zeros([units]) => {
    (i, f, g, o) = (x[t] @ w + h @ u + b) |> split(4)
    c' = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h' = sigmoid(o) * tanh(c')
  }
  h
}

## Gated recurrent unit (Cho et al., 2014). The gates stand side by side in the order reset, update, new, and the reset gate
## is applied to the product with `u`, as in PyTorch; `c` is the bias of that product for the new value.
## For example `x |> gru(16) as memory |> last`.
layer gru(units: int, init: fn = glorot) on x: f32[T, I] -> f32[T, units] {
  param w: f32[I, 3 * units]     ~ init
  param u: f32[units, 3 * units] ~ init
  param b: f32[3 * units]        ~ zeros
  param c: f32[units]            ~ zeros
  for t in T, h ~ zeros([units]) => {
    (xr, xz, xn) = (x[t] @ w + b) |> split(3)
    (hr, hz, hn) = (h @ u) |> split(3)
    z = sigmoid(xz + hz)
    n = tanh(xn + sigmoid(xr + hr) * (hn + c))
    h' = (1 - z) * n + z * h
  }
}

## A layer from the first place to the last and another, with parameters of its own, from the last to the first; what they
## give side by side (Schuster & Paliwal, 1997): `x |> bidirectional(lstm(32))`.
## For example `x |> bidirectional(gru(8)) as memory`.
layer bidirectional(inner: layer) on x: f32[T, I] {
  forward  = x |> inner as there
  backward = reverse(x) |> inner as back
  concat(forward, reverse(backward), axis: 1)
}

## The places of a sequence in the opposite order.
fn reverse(x: f32[T, ..]) = for t in T => x[T - 1 - t]

## The last place of a sequence.
fn last(x: f32[T, ..]) = x[T - 1]
