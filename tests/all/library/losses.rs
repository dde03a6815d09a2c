//! Losses: the value that the formula of a textbook gives, one example at a time, and the slope at corners.

use super::functions::softmax;
use super::*;

struct Case {
    signature: &'static str,
    loss: &'static str,
    /// Of the model's result, and of the data's target.
    types: (&'static str, &'static str),
    feeds: (Feed, Feed),
    /// Of one example: what the model gives, and the target.
    meaning: fn(&[f64], &[f64]) -> f64,
}

const NUMBERS: Feed = Feed::Within(-2.0, 2.0);
const SCORES: Feed = Feed::Within(-6.0, 6.0);
const ROWS: (&str, &str) = ("f32[3]", "f32[3]");

/// A case of two rows of numbers.
const fn of_numbers(signature: &'static str, loss: &'static str, meaning: fn(&[f64], &[f64]) -> f64) -> Case {
    Case { signature, loss, types: ROWS, feeds: (NUMBERS, NUMBERS), meaning }
}

const CASES: &[Case] = &[
    of_numbers("loss mse on (yhat: f32[N], y: f32[N])", "mse", |a, y| mean(a, y, |d| d * d)),
    of_numbers("loss mae on (yhat: f32[N], y: f32[N])", "mae", |a, y| mean(a, y, f64::abs)),
    of_numbers("loss huber(delta: real) on (yhat: f32[N], y: f32[N])", "huber", |a, y| mean(a, y, |d| huber(d, 1.0))),
    of_numbers("loss huber(delta: real) on (yhat: f32[N], y: f32[N])", "huber(delta: 0.5)", |a, y| {
        mean(a, y, |d| huber(d, 0.5))
    }),
    of_numbers("loss log_cosh on (yhat: f32[N], y: f32[N])", "log_cosh", |a, y| mean(a, y, |d| d.cosh().ln())),
    of_numbers("loss quantile(q: prob) on (yhat: f32[N], y: f32[N])", "quantile", |a, y| mean(a, y, |d| d.abs() / 2.0)),
    of_numbers("loss quantile(q: prob) on (yhat: f32[N], y: f32[N])", "quantile(90%)", |a, y| {
        // `d` is the target less the output: too small an output is punished nine times as hard.
        mean(a, y, |d| if d > 0.0 { 0.9 * d } else { -0.1 * d })
    }),
    Case {
        signature: "loss cross_entropy(label_smoothing: prob) on (z: logits[K], y: class[K])",
        loss: "cross_entropy",
        types: ("logits[4]", "class[4]"),
        feeds: (SCORES, Feed::Classes(4)),
        meaning: |z, y| -softmax(z)[y[0] as usize].ln(),
    },
    Case {
        signature: "loss cross_entropy(label_smoothing: prob) on (z: logits[K], y: class[K])",
        loss: "cross_entropy(label_smoothing: 10%)",
        types: ("logits[4]", "class[4]"),
        feeds: (SCORES, Feed::Classes(4)),
        // 0.9 of the truth to its class, 0.1 spread over all four.
        meaning: |z, y| against(z, |at| if at == y[0] as usize { 0.9 + 0.1 / 4.0 } else { 0.1 / 4.0 }),
    },
    Case {
        signature: "loss cross_entropy(label_smoothing: prob) on (z: logits[K], y: prob[K])",
        loss: "cross_entropy",
        types: ("logits[4]", "prob[4]"),
        feeds: (SCORES, Feed::Shares),
        meaning: |z, y| against(z, |at| y[at]),
    },
    Case {
        signature: "loss cross_entropy(label_smoothing: prob) on (z: logits[K], y: prob[K])",
        loss: "cross_entropy(label_smoothing: 20%)",
        types: ("logits[4]", "prob[4]"),
        feeds: (SCORES, Feed::Shares),
        meaning: |z, y| against(z, |at| 0.8 * y[at] + 0.2 / 4.0),
    },
    Case {
        signature: "loss binary_cross_entropy on (z: logit, y: binary)",
        loss: "binary_cross_entropy",
        types: ("logit", "binary"),
        feeds: (SCORES, Feed::Bits),
        meaning: yes_or_no,
    },
    Case {
        signature: "loss binary_cross_entropy on (z: logit, y: prob)",
        loss: "binary_cross_entropy",
        types: ("logit", "prob[1]"),
        feeds: (SCORES, Feed::Within(0.0, 1.0)),
        meaning: yes_or_no,
    },
    Case {
        signature: "loss nll on (l: log_prob[K], y: class[K])",
        loss: "nll",
        types: ("log_prob[4]", "class[4]"),
        feeds: (Feed::Within(-5.0, -0.1), Feed::Classes(4)),
        meaning: |l, y| -l[y[0] as usize],
    },
];

pub fn cases() -> Vec<&'static str> {
    CASES.iter().map(|it| it.signature).collect()
}

fn mean(a: &[f64], y: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    a.iter().zip(y).map(|(a, y)| of(y - a)).sum::<f64>() / a.len() as f64
}

fn huber(d: f64, delta: f64) -> f64 {
    if d.abs() <= delta { d * d / 2.0 } else { delta * (d.abs() - delta / 2.0) }
}

/// The cross-entropy of the scores' probabilities against a share for each class.
fn against(z: &[f64], share: impl Fn(usize) -> f64) -> f64 {
    softmax(z).iter().enumerate().map(|(at, p)| -share(at) * p.ln()).sum()
}

fn yes_or_no(z: &[f64], y: &[f64]) -> f64 {
    let p = 1.0 / (1.0 + (-z[0]).exp());
    -y[0] * p.ln() - (1.0 - y[0]) * (1.0 - p).ln()
}

/// An experiment whose loss this is.
fn experiment(loss: &str, (result, target): (&str, &str)) -> Program {
    let units: usize = result.split(['[', ']']).nth(1).map_or(1, |it| it.parse().unwrap());
    let last = if result.starts_with("log_prob") { " |> log_softmax" } else { "" };
    let rest = format!(
        "model m on x: f32[2] -> {result} = x |> dense({units}) as out{last}\n\
         train {{\n  model: m\n  data: points\n  loss: {loss}\n  optimizer: sgd\n  for: 1 epoch\n}}\n"
    );
    with_data("f32[2]", target, &rest)
}

#[test]
fn of_every_loss_value_and_gradient_are_right() {
    for case in CASES {
        let function = experiment(case.loss, case.types).loss(7);
        let (states, feeds) = doors(&function, &[case.feeds.0, case.feeds.1], 11);
        let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
        let [outputs, targets] = [0, 1].map(|at| Wide::from(&feeds[at]).data);
        let (a, y) = (outputs.len() / 7, targets.len() / 7);
        let each = (0..7).map(|row| (case.meaning)(&outputs[row * a..][..a], &targets[row * y..][..y]));
        close(&found, &[each.sum::<f64>() / 7.0], 1e-6, case.loss);
        differentiable(&function, &states, &feeds, CLOCK);
    }
}

/// Through a model, in its parameters and its inputs.
#[test]
fn of_every_loss_the_gradient_reaches_the_parameters() {
    for case in CASES {
        let program = experiment(case.loss, case.types);
        let function = program.objective(4, true);
        let (states, feeds) = doors(&function, &[Feed::Within(-1.0, 1.0), case.feeds.1], 5);
        differentiable(&function, &states, &feeds, CLOCK);
        let slots: Vec<u32> = (0..program.states.len() as u32).collect();
        let gradient = program.gradient(&slots, 4, true);
        let found = computed(&gradient, &states, &feeds, CLOCK);
        assert!(found.iter().any(|it| it.data.iter().any(|&it| it != 0.0)), "{}", case.loss);
    }
}

#[test]
fn where_output_and_target_meet_the_slope_is_that_of_the_formula() {
    // Of `abs` it is 0; a `max` of two equal numbers gives its gradient to the second, here (q - 1) d.
    for (loss, expected) in
        [("mae", 0.0), ("huber", 0.0), ("log_cosh", 0.0), ("mse", 0.0), ("quantile(90%)", 0.1 / 9.0)]
    {
        let function = experiment(loss, ROWS).loss(3);
        let row = Array::f32(&[3, 3], vec![0.5; 9]);
        let feeds = [row.clone(), row];
        let (states, _) = doors(&function, &[NUMBERS, NUMBERS], 1);
        close(&computed(&function, &states, &feeds, CLOCK).remove(0).data, &[0.0], 1e-6, loss);
        close(&slope(&function, &states, &feeds), &[expected; 9], 1e-6, loss);
    }
}

/// A model of zeros gives a score of 0, and learns from it: the slope there is 1/2 - y.
#[test]
fn a_score_of_0_is_half_way_to_either_answer() {
    for (types, targets) in [(("logit", "binary"), [0.0, 1.0]), (("logit", "prob[1]"), [0.25, 0.5])] {
        let function = experiment("binary_cross_entropy", types).loss(2);
        let (states, _) = doors(&function, &[SCORES, Feed::Bits], 1);
        let feeds = [Array::f32(&[2, 1], vec![0.0; 2]), Array::f32(&[2, 1], targets.map(|it| it as f32).to_vec())];
        let expected = targets.map(|y: f64| (0.5 - y) / 2.0);
        close(&slope(&function, &states, &feeds), &expected, 1e-6, "at 0");
    }
}

#[test]
fn of_huber_the_parabola_and_the_lines_meet() {
    let function = experiment("huber(delta: 0.5)", ROWS).loss(1);
    let (states, _) = doors(&function, &[NUMBERS, NUMBERS], 1);
    let feeds = [Array::f32(&[1, 3], vec![0.5, -0.5, 0.5]), Array::f32(&[1, 3], vec![0.0; 3])];
    close(&computed(&function, &states, &feeds, CLOCK).remove(0).data, &[0.125], 1e-6, "at delta");
    close(&slope(&function, &states, &feeds), &[0.5 / 3.0, -0.5 / 3.0, 0.5 / 3.0], 1e-6, "at delta");
}

#[test]
fn scores_of_any_size_give_a_finite_loss_and_slope() {
    for (loss, types, target) in [
        ("cross_entropy", ("logits[3]", "class[3]"), Array::i32(&[2], vec![0, 2])),
        ("binary_cross_entropy", ("logit", "binary"), Array::f32(&[2, 1], vec![0.0, 1.0])),
    ] {
        let function = experiment(loss, types).loss(2);
        let width = function.feeds[0].0[1];
        let scores = Array::f32(&[2, width], [1e4, -1e4, 0.0, -1e4, 1e4, 0.0][..2 * width].to_vec());
        let (states, _) = doors(&function, &[SCORES, Feed::Classes(1)], 1);
        let feeds = [scores, target];
        let found = computed(&function, &states, &feeds, CLOCK).remove(0).data[0];
        assert!(found.is_finite() && found >= 0.0, "{loss}: {found}");
        assert!(slope(&function, &states, &feeds).iter().all(|it| it.is_finite()), "{loss}");
    }
}
