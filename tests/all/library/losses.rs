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
        signature: "loss binary_cross_entropy on (z: logit[K], y: set[K])",
        loss: "binary_cross_entropy",
        types: ("logit[4]", "set[4]"),
        feeds: (SCORES, Feed::Bits),
        meaning: |z, y| z.iter().zip(y).map(|(z, y)| yes_or_no(&[*z], &[*y])).sum::<f64>() / 4.0,
    },
    Case {
        signature: "loss coral on (z: logit[K - 1], y: ordinal[K])",
        loss: "coral",
        types: ("logit[4]", "ordinal[5]"),
        feeds: (SCORES, Feed::Classes(5)),
        meaning: beyond_each,
    },
    Case {
        signature: "loss coral on (z: logit[K - 1], y: ordinal[K])",
        loss: "coral",
        types: ("logit[1]", "ordinal[2]"),
        feeds: (SCORES, Feed::Classes(2)),
        meaning: beyond_each,
    },
    Case {
        signature: "loss nll on (l: log_prob[K], y: class[K])",
        loss: "nll",
        types: ("log_prob[4]", "class[4]"),
        feeds: (Feed::Within(-5.0, -0.1), Feed::Classes(4)),
        meaning: |l, y| -l[y[0] as usize],
    },
    of_numbers("loss smooth_l1(beta: real) on (yhat: f32[N], y: f32[N])", "smooth_l1", |a, y| {
        mean(a, y, |d| huber(d, 1.0))
    }),
    of_numbers("loss smooth_l1(beta: real) on (yhat: f32[N], y: f32[N])", "smooth_l1(0.25)", |a, y| {
        mean(a, y, |d| huber(d, 0.25) / 0.25)
    }),
    Case {
        signature: "loss weighted_cross_entropy(weights: list, label_smoothing: prob) on (z: logits[K], y: class[K])",
        loss: "weighted_cross_entropy([1, 0.5, 3, 0])",
        types: ("logits[4]", "class[4]"),
        feeds: (SCORES, Feed::Classes(4)),
        meaning: |z, y| -[1.0, 0.5, 3.0, 0.0][y[0] as usize] * softmax(z)[y[0] as usize].ln(),
    },
    Case {
        signature: "loss focal(gamma: real) on (z: logits[K], y: class[K])",
        loss: "focal",
        types: ("logits[4]", "class[4]"),
        feeds: (SCORES, Feed::Classes(4)),
        meaning: |z, y| focal(softmax(z)[y[0] as usize], 2.0),
    },
    Case {
        signature: "loss focal(gamma: real) on (z: logits[K], y: class[K])",
        loss: "focal(gamma: 0)",
        types: ("logits[4]", "class[4]"),
        feeds: (SCORES, Feed::Classes(4)),
        meaning: |z, y| focal(softmax(z)[y[0] as usize], 0.0),
    },
    Case {
        signature: "loss focal(gamma: real, alpha: prob) on (z: logit, y: binary)",
        loss: "focal",
        types: ("logit", "binary"),
        feeds: (SCORES, Feed::Bits),
        meaning: |z, y| {
            let p = 1.0 / (1.0 + (-z[0]).exp());
            if y[0] > 0.5 { 0.25 * focal(p, 2.0) } else { 0.75 * focal(1.0 - p, 2.0) }
        },
    },
    Case {
        signature: "loss focal(gamma: real, alpha: prob) on (z: logit, y: binary)",
        loss: "focal(gamma: 1.5, alpha: 60%)",
        types: ("logit", "binary"),
        feeds: (SCORES, Feed::Bits),
        meaning: |z, y| {
            let p = 1.0 / (1.0 + (-z[0]).exp());
            if y[0] > 0.5 { 0.6 * focal(p, 1.5) } else { 0.4 * focal(1.0 - p, 1.5) }
        },
    },
    Case {
        signature: "loss kl_divergence on (l: log_prob[K], y: prob[K])",
        loss: "kl_divergence",
        types: ("log_prob[4]", "prob[4]"),
        feeds: (Feed::Within(-5.0, -0.1), Feed::Shares),
        meaning: |l, y| y.iter().zip(l).map(|(y, l)| y * (y.ln() - l)).sum(),
    },
    Case {
        signature: "loss kl_divergence on (z: logits[K], y: prob[K])",
        loss: "kl_divergence",
        types: ("logits[4]", "prob[4]"),
        feeds: (SCORES, Feed::Shares),
        meaning: |z, y| y.iter().zip(softmax(z)).map(|(y, p)| y * (y / p).ln()).sum(),
    },
    of_numbers("loss poisson on (yhat: f32[N], y: f32[N])", "poisson", |a, y| {
        a.iter().zip(y).map(|(a, y)| a.exp() - y * a).sum::<f64>() / a.len() as f64
    }),
    Case {
        signature: "loss gaussian_nll on (yhat: f32[2 * N], y: f32[N])",
        loss: "gaussian_nll",
        types: ("f32[6]", "f32[3]"),
        feeds: (NUMBERS, NUMBERS),
        meaning: |a, y| {
            (0..3).map(|at| (a[3 + at] + (y[at] - a[at]).powi(2) / a[3 + at].exp()) / 2.0).sum::<f64>() / 3.0
        },
    },
    Case {
        signature: "loss hinge on (z: logit, y: binary)",
        loss: "hinge",
        types: ("logit", "binary"),
        feeds: (NUMBERS, Feed::Bits),
        meaning: |z, y| margin(z[0], y[0]),
    },
    Case {
        signature: "loss hinge on (z: logits[K], y: class[K])",
        loss: "hinge",
        types: ("logits[4]", "class[4]"),
        feeds: (NUMBERS, Feed::Classes(4)),
        meaning: |z, y| {
            let truth = y[0] as usize;
            let others = z.iter().enumerate().filter(|it| it.0 != truth).map(|it| *it.1);
            (1.0 + others.fold(f64::NEG_INFINITY, f64::max) - z[truth]).max(0.0)
        },
    },
    Case {
        signature: "loss squared_hinge on (z: logit, y: binary)",
        loss: "squared_hinge",
        types: ("logit", "binary"),
        feeds: (NUMBERS, Feed::Bits),
        meaning: |z, y| margin(z[0], y[0]).powi(2),
    },
    Case {
        signature: "loss contrastive(margin: real) on (z: f32[2 * N], y: binary)",
        loss: "contrastive(margin: 2)",
        types: ("f32[4]", "binary"),
        feeds: (NUMBERS, Feed::Bits),
        meaning: |z, y| {
            let distance = ((z[0] - z[2]).powi(2) + (z[1] - z[3]).powi(2)).sqrt();
            y[0] * distance.powi(2) / 2.0 + (1.0 - y[0]) * (2.0 - distance).max(0.0).powi(2) / 2.0
        },
    },
    Case {
        signature: "loss multi_margin(margin: real) on (z: logits[K], y: class[K])",
        loss: "multi_margin",
        types: ("logits[4]", "class[4]"),
        feeds: (NUMBERS, Feed::Classes(4)),
        meaning: |z, y| {
            let truth = y[0] as usize;
            let others = z.iter().enumerate().filter(|it| it.0 != truth);
            others.map(|it| (1.0 + it.1 - z[truth]).max(0.0)).sum::<f64>() / 4.0
        },
    },
    Case {
        signature: "loss triplet(margin: real, eps: real) on (z: f32[3 * N], y: binary)",
        loss: "triplet(margin: 1.5)",
        types: ("f32[6]", "binary"),
        feeds: (NUMBERS, Feed::Bits),
        meaning: |z, y| {
            let far = |at: usize| ((z[0] - z[at]).powi(2) + (z[1] - z[at + 1]).powi(2)).sqrt();
            let (own, other) = if y[0] > 0.5 { (2, 4) } else { (4, 2) };
            (far(own) - far(other) + 1.5).max(0.0)
        },
    },
    Case {
        signature: "loss cosine_embedding(margin: real) on (z: f32[2 * N], y: binary)",
        loss: "cosine_embedding(margin: 0.25)",
        types: ("f32[4]", "binary"),
        feeds: (NUMBERS, Feed::Bits),
        meaning: |z, y| {
            let cosine = (z[0] * z[2] + z[1] * z[3]) / (z[0].hypot(z[1]) * z[2].hypot(z[3]));
            if y[0] > 0.5 { 1.0 - cosine } else { (cosine - 0.25).max(0.0) }
        },
    },
    of_numbers("loss cosine on (yhat: f32[N], y: f32[N])", "cosine", |a, y| {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        1.0 - dot(a, y) / (dot(a, a) * dot(y, y)).sqrt()
    }),
];

/// Those of several outputs, which are held against those of one, with the formulas that both have.
const SEVERAL: [&str; 6] = [
    "loss contrastive(margin: real) on (z: (a: f32[N], b: f32[N]), y: binary)",
    "loss triplet(margin: real, eps: real) on (z: (anchor: f32[N], first: f32[N], second: f32[N]), y: binary)",
    "loss cosine_embedding(margin: real) on (z: (a: f32[N], b: f32[N]), y: binary)",
    "fn contrast(a: f32[N], b: f32[N], y, margin: real)",
    "fn triple(anchor: f32[N], first: f32[N], second: f32[N], y, margin: real, eps: real)",
    "fn angle_between(a: f32[N], b: f32[N], y, margin: real)",
];

pub fn cases() -> Vec<&'static str> {
    CASES.iter().map(|it| it.signature).chain(SEVERAL).collect()
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

/// Is the truth beyond each value but the last?
fn beyond_each(z: &[f64], y: &[f64]) -> f64 {
    z.iter().enumerate().map(|(at, z)| yes_or_no(&[*z], &[f64::from(y[0] > at as f64)])).sum()
}

/// Of the probability of the truth.
fn focal(p: f64, gamma: f64) -> f64 {
    -(1.0 - p).powf(gamma) * p.ln()
}

/// What is missing to a margin of 1.
fn margin(z: f64, y: f64) -> f64 {
    (1.0 - if y > 0.5 { z } else { -z }).max(0.0)
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
        ("binary_cross_entropy", ("logit[3]", "set[3]"), Array::f32(&[2, 3], vec![0.0, 1.0, 1.0, 1.0, 0.0, 0.0])),
        ("coral", ("logit[3]", "ordinal[4]"), Array::i32(&[2], vec![0, 3])),
        ("focal", ("logits[3]", "class[3]"), Array::i32(&[2], vec![0, 2])),
        ("focal(gamma: 0)", ("logits[3]", "class[3]"), Array::i32(&[2], vec![0, 2])),
        ("focal", ("logit", "binary"), Array::f32(&[2, 1], vec![0.0, 1.0])),
        ("hinge", ("logits[3]", "class[3]"), Array::i32(&[2], vec![0, 2])),
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

#[test]
fn a_share_of_0_adds_nothing_to_a_divergence_and_rows_of_0_have_no_angle() {
    let function = experiment("kl_divergence", ("logits[3]", "prob[3]")).loss(1);
    let (states, _) = doors(&function, &[SCORES, Feed::Shares], 1);
    let feeds = [Array::f32(&[1, 3], vec![0.0; 3]), Array::f32(&[1, 3], vec![1.0, 0.0, 0.0])];
    close(&computed(&function, &states, &feeds, CLOCK).remove(0).data, &[3f64.ln()], 1e-6, "a sure target");
    assert!(slope(&function, &states, &feeds).iter().all(|it| it.is_finite()));
    let function = experiment("cosine", ROWS).loss(1);
    let feeds = [Array::f32(&[1, 3], vec![0.0; 3]), Array::f32(&[1, 3], vec![1.0, 0.0, 0.0])];
    close(&computed(&function, &states, &feeds, CLOCK).remove(0).data, &[1.0], 1e-6, "no direction");
    assert!(slope(&function, &states, &feeds).iter().all(|it| it.is_finite()));
}

/// What a loss takes from several outputs of a model is what it takes from them side by side in one.
#[test]
fn losses_of_several_outputs_are_those_of_one() {
    let of = |result: &str, formula: &str, loss: &str| {
        let rest = format!(
            "model m on x: f32[4] -> {result} {{\n  p = x |> dense(3) as p\n  q = x |> dense(3) as q\n  r = x |> dense(3) as r\n  \
             {formula}\n}}\ntrain {{\n  model: m\n  data: points\n  loss: {loss}\n  optimizer: sgd\n  for: 1 epoch\n}}\n"
        );
        with_data("f32[4]", "binary", &rest).objective(5, true)
    };
    let check = |loss: &str, one: &Function, several: &[Function]| {
        let (states, feeds) = doors(one, &[NUMBERS, Feed::Bits], 3);
        let expected = computed(one, &states, &feeds, CLOCK).remove(0).data;
        for function in several {
            let found = computed(function, &states, &feeds, CLOCK).remove(0).data;
            close(&found, &expected, 1e-6, loss);
            differentiable(function, &states, &feeds, CLOCK);
        }
    };
    for (loss, call) in
        [("contrastive", "contrastive(margin: 4)"), ("cosine_embedding", "cosine_embedding(margin: 0.1)")]
    {
        // `r` is a model's own: it takes part in what is made smaller by nothing.
        let and_r = "+ 0 * mean(r)";
        let one = of("f32[6]", &format!("concat(p, q) {and_r}"), call);
        let several = [
            // By their names, by their places, and as `on` says.
            of("(a: f32[3], b: f32[3])", &format!("(b: q, a: p {and_r})"), call),
            of("(left: f32[3], right: f32[3])", &format!("(left: p {and_r}, right: q)"), call),
            of("(left: embedding[3], right: embedding[3])", &format!("(left: p {and_r}, right: q)"), call),
            of("(c: f32[3], b: f32[3], a: f32[3])", "(c: r, b: q, a: p)", call),
            of("(u: f32[3], v: f32[3], w: f32[3])", "(u: q, v: r, w: p)", &format!("{call} on (w, u)")),
        ];
        check(loss, &one, &several);
    }
    let call = "triplet(margin: 1.5)";
    let one = of("f32[9]", "concat(p, q, r)", call);
    let several = [
        of("(anchor: f32[3], first: f32[3], second: f32[3])", "(anchor: p, first: q, second: r)", call),
        of("(u: f32[3], v: f32[3], w: f32[3])", "(u: p, v: q, w: r)", call),
        of("(u: f32[3], v: f32[3], w: f32[3])", "(u: q, v: r, w: p)", &format!("{call} on (w, u, v)")),
    ];
    check("triplet", &one, &several);
}

/// Beside outputs that have targets of their own, others are compared against a target that has none.
#[test]
fn a_loss_takes_the_outputs_that_it_names() {
    let of = |loss: &str| {
        program(&format!(
            "data pairs {{
  source: table {{
    | a | b | c | d | kind | same |
    | 1 | 2 | 0 | 1 | 2    | 1    |
  }}
  input  one: f32[2] = [a, b]
  input  two: f32[2] = [c, d]
  target kind: class[3]
  target same: binary
}}
model twins on (one: f32[2], two: f32[2]) -> (kind: logits[3], left: f32[4], right: f32[4]) {{
  left  = one |> dense(4, tanh) as eye
  right = two |> eye
  (kind: left |> dense(3) as head, left: left, right: right)
}}
train {{
  model: twins
  data: pairs
  loss: {loss}
  optimizer: sgd
  for: 1 epoch
}}"
        ))
        .objective(5, true)
    };
    let feeds = [NUMBERS, NUMBERS, Feed::Classes(3), Feed::Bits];
    let both = of("cross_entropy on kind + 0.5 * contrastive(margin: 3) on (left, right)");
    let (states, fed) = doors(&both, &feeds, 9);
    let value = |function: &Function| computed(function, &states, &fed, CLOCK).remove(0).data[0];
    let parts = [of("cross_entropy on kind"), of("contrastive(margin: 3) on (left, right)")];
    let [kind, same] = parts.each_ref().map(value);
    close(&[value(&both)], &[kind + 0.5 * same], 1e-6, "both");
    assert!(same > 0.0);
    differentiable(&both, &states, &fed, CLOCK);
}
