//! Recurrent layers: each against a loop over the places written by hand.

use super::functions::logistic;
use super::layers::{affine, model, predicted, sound};
use super::*;

pub fn cases() -> Vec<&'static str> {
    vec![
        "layer rnn(units: int, act: fn, init: fn) on x: f32[T, I]",
        "layer lstm(units: int, init: fn) on x: f32[T, I]",
        "layer gru(units: int, init: fn) on x: f32[T, I]",
        "layer bidirectional(inner: layer) on x: f32[T, I]",
        "fn reverse(x: f32[T, ..])",
        "fn last(x: f32[T, ..])",
    ]
}

const NUMBERS: Feed = Feed::Within(-2.0, 2.0);

/// A layer that takes a sequence of five pairs of numbers and gives `width` numbers for each; all in one row.
#[track_caller]
fn sequence(layer: &str, width: usize) -> Program {
    model(
        "f32[10]",
        "f32[10]",
        &format!("f32[{}]", 5 * width),
        &format!("reshape(x, [5, 2]) |> {layer} as it |> flatten"),
    )
}

/// What a turn makes of the carried values.
type Turn<'t> = &'t dyn Fn(&[f64], &mut Vec<Vec<f64>>);

/// The first carried value after each place of each example, from zeros.
fn by_hand(x: &[f64], units: usize, carried: usize, turn: Turn) -> Vec<f64> {
    let mut all = vec![];
    for example in x.chunks(10) {
        let mut values = vec![vec![0.0; units]; carried];
        for place in example.chunks(2) {
            turn(place, &mut values);
            all.extend(&values[0]);
        }
    }
    all
}

/// x w + b, the parts of equal width one after the other.
fn parts(x: &[f64], w: &[f64], b: &[f64], count: usize) -> Vec<Vec<f64>> {
    affine(x, w, b).chunks(b.len() / count).map(<[f64]>::to_vec).collect()
}

fn zip(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()
}

fn elman(s: &[Vec<f64>]) -> impl Fn(&[f64], &mut Vec<Vec<f64>>) {
    move |x, carried| {
        let sum = zip(&affine(x, &s[0], &s[2]), &affine(&carried[0], &s[1], &[0.0; 3]), |a, b| a + b);
        carried[0] = sum.into_iter().map(f64::tanh).collect();
    }
}

#[test]
fn an_elman_network_carries_its_activations() {
    let program = sequence("rnn(3)", 3);
    let (states, x, found) = predicted(&program, NUMBERS, 4);
    close(&found, &by_hand(&x, 3, 1, &elman(&states)), 1e-6, "rnn");
    sound(&program, NUMBERS);
    sound(&sequence("rnn(2, act: softsign)", 2), NUMBERS);
}

#[test]
fn long_short_term_memory_has_three_gates() {
    let program = sequence("lstm(3)", 3);
    let (s, x, found) = predicted(&program, NUMBERS, 4);
    let expected = by_hand(&x, 3, 2, &|x, carried| {
        let inputs = parts(x, &s[0], &s[2], 4);
        let carries = parts(&carried[0], &s[1], &[0.0; 12], 4);
        let sums: Vec<Vec<f64>> = inputs.iter().zip(&carries).map(|(a, b)| zip(a, b, |a, b| a + b)).collect();
        for unit in 0..3 {
            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| sums[gate][unit]);
            carried[1][unit] = logistic(f) * carried[1][unit] + logistic(i) * g.tanh();
            carried[0][unit] = logistic(o) * carried[1][unit].tanh();
        }
    });
    close(&found, &expected, 1e-6, "lstm");
    sound(&program, NUMBERS);
}

#[test]
fn a_gated_unit_resets_and_updates() {
    let program = sequence("gru(3)", 3);
    let (s, x, found) = predicted(&program, NUMBERS, 4);
    let expected = by_hand(&x, 3, 1, &|x, carried| {
        let inputs = parts(x, &s[0], &s[1], 3);
        let carries = parts(&carried[0], &s[2], &[0.0; 9], 3);
        for unit in 0..3 {
            let [r, z] = [0, 1].map(|gate| logistic(inputs[gate][unit] + carries[gate][unit]));
            let new = (inputs[2][unit] + r * (carries[2][unit] + s[3][unit])).tanh();
            carried[0][unit] = (1.0 - z) * new + z * carried[0][unit];
        }
    });
    close(&found, &expected, 1e-6, "gru");
    sound(&program, NUMBERS);
}

#[test]
fn both_directions_stand_side_by_side() {
    let program = sequence("bidirectional(rnn(3))", 6);
    let (s, x, found) = predicted(&program, NUMBERS, 4);
    assert_eq!(s.len(), 6, "each direction has parameters of its own");
    let there = by_hand(&x, 3, 1, &elman(&s[..3]));
    let reversed: Vec<f64> = x.chunks(10).flat_map(|it| it.chunks(2).rev().flatten().copied()).collect();
    let back = by_hand(&reversed, 3, 1, &elman(&s[3..]));
    let expected: Vec<f64> = there
        .chunks(15)
        .zip(back.chunks(15))
        .flat_map(|(there, back)| {
            let pairs = there.chunks(3).zip(back.chunks(3).rev());
            pairs.flat_map(|(a, b)| [a, b].concat()).collect::<Vec<f64>>()
        })
        .collect();
    close(&found, &expected, 1e-6, "bidirectional");
    sound(&program, NUMBERS);
    sound(&sequence("bidirectional(lstm(2))", 4), NUMBERS);
}

#[test]
fn a_sequence_is_turned_and_its_end_taken() {
    let weighed = |result: &str, formula: &str| {
        let body = format!("param s: {result} ~ ones\n  s * (reshape(x, [3, 2]) |> {formula})");
        model("f32[6]", "f32[6]", result, &body)
    };
    let (s, x, found) = predicted(&weighed("f32[6]", "reverse |> flatten"), NUMBERS, 3);
    let turned = x.chunks(6).flat_map(|it| it.chunks(2).rev().flatten().copied());
    let expected: Vec<f64> = turned.zip(s[0].iter().cycle()).map(|(x, s)| x * s).collect();
    close(&found, &expected, 1e-7, "reverse");
    let (s, x, found) = predicted(&weighed("f32[2]", "last"), NUMBERS, 3);
    let ends = x.chunks(6).flat_map(|it| it[4..].to_vec());
    let expected: Vec<f64> = ends.zip(s[0].iter().cycle()).map(|(x, s)| x * s).collect();
    close(&found, &expected, 1e-7, "last");
    sound(&weighed("f32[6]", "reverse |> flatten"), NUMBERS);
    sound(&weighed("f32[2]", "last"), NUMBERS);
}
