//! The formulas of F(4×4, 3×3): how tiles of images, weights and results are changed into points, and back.
//!
//! Values at the points 0, ±√½, ±√2 and ∞ say what a polynomial of degree five is. In one dimension a tile of six
//! values, three weights and the four results of which each is the sum of three products are such polynomials (S.
//! Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for Convolutional
//! Neural Networks, 2016). These points give half the error of the whole
//! numbers 0, ±1, ±2.

use std::array::from_fn;

use crate::scalar::Ops;

/// Places of a tile of an image along one axis, of the results of it, and of the weights.
pub const POINTS: usize = 6;
pub const RESULTS: usize = 4;
pub const TAPS: usize = 3;

/// The squares of two of the points; the others are their roots with either sign, 0 and ∞. Their product is 1, which
/// saves multiplications.
const A2: f64 = 0.5;
const B2: f64 = 2.0;

fn roots() -> [f64; 2] {
    [A2.sqrt(), B2.sqrt()]
}

/// What Lagrange's formula divides by at each of the two pairs of points, as factors.
fn shares() -> [f64; 2] {
    [1.0 / (2.0 * A2 * (A2 - B2)), 1.0 / (2.0 * B2 * (B2 - A2))]
}

/// `even ± root · odd`.
fn pair<O: Ops>(ops: &O, root: f64, even: O::V, odd: O::V) -> [O::V; 2] {
    [root, -root].map(|root| ops.fma(ops.float(root), odd, even))
}

/// A tile of an image at the points.
pub fn image<O: Ops>(ops: &O, d: [O::V; POINTS]) -> [O::V; POINTS] {
    let less = |by: f64, low: usize, high: usize| ops.fma(ops.float(-by), d[low], d[high]);
    let [a, b] = roots();
    let [a_plus, a_minus] = pair(ops, a, less(B2, 2, 4), less(B2, 1, 3));
    let [b_plus, b_minus] = pair(ops, b, less(A2, 2, 4), less(A2, 1, 3));
    let zero = ops.add(less(A2 + B2, 2, 4), d[0]);
    let infinity = ops.add(less(A2 + B2, 3, 5), d[1]);
    [zero, a_plus, a_minus, b_plus, b_minus, infinity]
}

/// Weights at the points.
pub fn weights<O: Ops>(ops: &O, g: [O::V; TAPS]) -> [O::V; POINTS] {
    let at = |square: f64, root: f64, share: f64| {
        let even = ops.fma(ops.float(share * square), g[2], ops.mul(ops.float(share), g[0]));
        pair(ops, share * root, even, g[1])
    };
    let ([a, b], [share_a, share_b]) = (roots(), shares());
    let ([a_plus, a_minus], [b_plus, b_minus]) = (at(A2, a, share_a), at(B2, b, share_b));
    [g[0], a_plus, a_minus, b_plus, b_minus, g[2]]
}

/// From products at the points to results.
pub fn results<O: Ops>(ops: &O, m: [O::V; POINTS]) -> [O::V; RESULTS] {
    let (a_even, a_odd) = (ops.add(m[1], m[2]), ops.sub(m[1], m[2]));
    let (b_even, b_odd) = (ops.add(m[3], m[4]), ops.sub(m[3], m[4]));
    let [a, b] = roots();
    let both = |of_a: f64, a: O::V, of_b: f64, b: O::V| ops.fma(ops.float(of_b), b, ops.mul(ops.float(of_a), a));
    [
        ops.add(ops.add(m[0], a_even), b_even),
        both(a, a_odd, b, b_odd),
        both(A2, a_even, B2, b_even),
        ops.fma(ops.float(B2 * b), b_odd, ops.fma(ops.float(A2 * a), a_odd, m[5])),
    ]
}

/// A tile of the gradient of results at the points: the transpose of [`results`].
pub fn gradient<O: Ops>(ops: &O, y: [O::V; RESULTS]) -> [O::V; POINTS] {
    let [a, b] = roots();
    let plus = |by: f64, low: usize, high: usize| ops.fma(ops.float(by), y[high], y[low]);
    let [a_plus, a_minus] = pair(ops, a, plus(A2, 0, 2), plus(A2, 1, 3));
    let [b_plus, b_minus] = pair(ops, b, plus(B2, 0, 2), plus(B2, 1, 3));
    [y[0], a_plus, a_minus, b_plus, b_minus, y[3]]
}

/// From sums of products at the points to the gradient of weights: the transpose of [`weights`].
pub fn taps<O: Ops>(ops: &O, s: [O::V; POINTS]) -> [O::V; TAPS] {
    let (a_even, a_odd) = (ops.add(s[1], s[2]), ops.sub(s[1], s[2]));
    let (b_even, b_odd) = (ops.add(s[3], s[4]), ops.sub(s[3], s[4]));
    let ([a, b], [share_a, share_b]) = (roots(), shares());
    let term = |factor: f64, value: O::V, sum: O::V| ops.fma(ops.float(factor), value, sum);
    [
        term(share_b, b_even, term(share_a, a_even, s[0])),
        term(share_b * b, b_odd, ops.mul(ops.float(share_a * a), a_odd)),
        term(share_b * B2, b_even, term(share_a * A2, a_even, s[5])),
    ]
}

/// A formula of one dimension in both dimensions of a square.
pub fn both<O: Ops, const FROM: usize, const TO: usize>(
    ops: &O,
    formula: impl Fn(&O, [O::V; FROM]) -> [O::V; TO],
    square: [[O::V; FROM]; FROM],
) -> [[O::V; TO]; TO] {
    let rows: [[O::V; TO]; FROM] = square.map(|row| formula(ops, row));
    let columns: [[O::V; TO]; TO] = from_fn(|column| formula(ops, from_fn(|row| rows[row][column])));
    from_fn(|row| from_fn(|column| columns[column][row]))
}
