//! Functions: closed forms, slopes at kinks, and what a person reads of outputs.

use super::*;

/// What a function makes of a row.
enum Meaning {
    /// Of each number of it.
    Each(fn(f64) -> f64),
    Row(fn(&[f64]) -> Vec<f64>),
}
use Meaning::{Each, Row};

struct Case {
    signature: &'static str,
    /// A formula in `x: f32[6]`.
    formula: &'static str,
    range: (f64, f64),
    meaning: Meaning,
    /// At corners: the place, the value, and the slope that counts there.
    corners: &'static [(f64, f64, f64)],
}

const fn case(signature: &'static str, formula: &'static str, meaning: Meaning) -> Case {
    Case { signature, formula, range: (-4.0, 4.0), meaning, corners: &[] }
}

impl Case {
    const fn within(self, low: f64, high: f64) -> Case {
        Case { range: (low, high), ..self }
    }

    /// The conventions are those of the scalars: `max(x, 0)` gives the gradient to 0 where x is 0, `abs` has slope 0 there,
    /// `where` that of the branch which is taken.
    const fn corners(self, corners: &'static [(f64, f64, f64)]) -> Case {
        Case { corners, ..self }
    }
}

const CASES: &[Case] = &[
    case("let pi", "pi * x", Each(|x| std::f64::consts::PI * x)),
    case("fn identity(x)", "identity(x)", Each(|x| x)),
    case("fn relu(x)", "relu(x)", Each(|x| x.max(0.0))).corners(&[(0.0, 0.0, 0.0)]),
    case("fn relu6(x)", "relu6(2 * x)", Each(|x| (2.0 * x).clamp(0.0, 6.0)))
        .corners(&[(0.0, 0.0, 0.0), (3.0, 6.0, 0.0)]),
    case("fn leaky_relu(x, slope: real)", "leaky_relu(x)", Each(|x| if x > 0.0 { x } else { 0.01 * x }))
        .corners(&[(0.0, 0.0, 0.01)]),
    case("fn leaky_relu(x, slope: real)", "leaky_relu(x, 0.25)", Each(|x| if x > 0.0 { x } else { x / 4.0 }))
        .corners(&[(0.0, 0.0, 0.25)]),
    case("fn elu(x, alpha: real)", "elu(x)", Each(|x| if x > 0.0 { x } else { x.exp_m1() })),
    case("fn elu(x, alpha: real)", "elu(x, alpha: 0.5)", Each(|x| if x > 0.0 { x } else { 0.5 * x.exp_m1() }))
        .corners(&[(0.0, 0.0, 0.5)]),
    case(
        "fn selu(x)",
        "selu(x)",
        Each(|x| {
            let (scale, alpha) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);
            scale * if x > 0.0 { x } else { alpha * x.exp_m1() }
        }),
    ),
    case("fn celu(x, alpha: real)", "celu(x)", Each(|x| if x > 0.0 { x } else { x.exp_m1() }))
        .corners(&[(0.0, 0.0, 1.0)]),
    case("fn celu(x, alpha: real)", "celu(x, alpha: 2)", Each(|x| if x > 0.0 { x } else { 2.0 * (x / 2.0).exp_m1() })),
    case("fn squared_relu(x)", "squared_relu(x)", Each(|x| x.max(0.0).powi(2))).corners(&[(0.0, 0.0, 0.0)]),
    case("fn threshold(x, at: real, value: real)", "threshold(x)", Each(|x| x.max(0.0))).corners(&[(0.0, 0.0, 0.0)]),
    case("fn threshold(x, at: real, value: real)", "threshold(x, 1, -2)", Each(|x| if x > 1.0 { x } else { -2.0 }))
        .corners(&[(1.0, -2.0, 0.0)]),
    case("fn swish(x, beta: real)", "swish(x)", Each(|x| x * logistic(x))),
    case("fn swish(x, beta: real)", "swish(x, beta: 3)", Each(|x| x * logistic(3.0 * x))),
    case("fn quick_gelu(x)", "quick_gelu(x)", Each(|x| x * logistic(1.702 * x))),
    case("fn tanh_shrink(x)", "tanh_shrink(x)", Each(|x| x - x.tanh())),
    case(
        "fn soft_shrink(x, width: real)",
        "soft_shrink(x)",
        Each(|x| if x.abs() > 0.5 { x.signum() * (x.abs() - 0.5) } else { 0.0 }),
    )
    .corners(&[(0.5, 0.0, 0.0), (-0.5, 0.0, 0.0), (-2.0, -1.5, 1.0)]),
    case("fn hard_shrink(x, width: real)", "hard_shrink(x, 1)", Each(|x| if x.abs() > 1.0 { x } else { 0.0 }))
        .corners(&[(1.0, 0.0, 0.0), (-1.0, 0.0, 0.0)]),
    case("fn glu(x: f32[2 * N])", "concat(glu(x), glu(x))", Row(|x| gated(x, logistic))),
    case("fn swiglu(x: f32[2 * N])", "concat(swiglu(x), swiglu(x))", Row(|x| gated(x, |b| b * logistic(b)))),
    case("fn geglu(x: f32[2 * N])", "concat(geglu(x), geglu(x))", Row(|x| gated(x, |b| b * normal_below(b)))),
    case("fn reglu(x: f32[2 * N])", "concat(reglu(x), reglu(x))", Row(|x| gated(x, |b| b.max(0.0)))),
    case("fn softmin(x: f32[K])", "softmin(x)", Row(|x| softmax(&x.iter().map(|x| -x).collect::<Vec<_>>())))
        .within(-20.0, 20.0),
    case("fn sigmoid(x)", "sigmoid(x)", Each(logistic)).within(-30.0, 30.0).corners(&[(0.0, 0.5, 0.25)]),
    case("fn log_sigmoid(x)", "log_sigmoid(x)", Each(|x| -(-x).exp().ln_1p())).within(-30.0, 30.0),
    case("fn softplus(x)", "softplus(x)", Each(|x| x.exp().ln_1p())).within(-30.0, 30.0),
    case("fn softsign(x)", "softsign(x)", Each(|x| x / (1.0 + x.abs()))).corners(&[(0.0, 0.0, 1.0)]),
    case("fn silu(x)", "silu(x)", Each(|x| x * logistic(x))),
    case("fn mish(x)", "mish(x)", Each(|x| x * x.exp().ln_1p().tanh())),
    case("fn gelu(x)", "gelu(x)", Each(|x| x * normal_below(x))),
    case(
        "fn gelu_tanh(x)",
        "gelu_tanh(x)",
        Each(|x| {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
            0.5 * x * (1.0 + inner.tanh())
        }),
    ),
    case("fn hard_sigmoid(x)", "hard_sigmoid(x)", Each(|x| (x / 6.0 + 0.5).clamp(0.0, 1.0)))
        .corners(&[(-3.0, 0.0, 0.0), (3.0, 1.0, 0.0)]),
    case("fn hard_swish(x)", "hard_swish(x)", Each(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)))
        .corners(&[(-3.0, 0.0, 0.0), (3.0, 3.0, 1.0)]),
    case("fn hard_tanh(x)", "hard_tanh(x)", Each(|x| x.clamp(-1.0, 1.0)))
        .corners(&[(-1.0, -1.0, 0.0), (1.0, 1.0, 0.0)]),
    case("fn gaussian(x)", "gaussian(x)", Each(|x| (-x * x).exp())),
    case("fn softmax(z: logits[K])", "softmax(x)", Row(softmax)).within(-20.0, 20.0),
    case("fn softmax_part(z: f32[K])", "softmax_part(x) / sum(softmax_part(x))", Row(softmax)).within(-20.0, 20.0),
    case("fn log_softmax(z: logits[K])", "log_softmax(x)", Row(|z| softmax(z).iter().map(|p| p.ln()).collect()))
        .within(-20.0, 20.0),
    case("fn argmax(z: f32[K])", "cast(argmax(x), f32)", Row(|z| vec![first_largest(z) as f64; z.len()])),
    case(
        "fn unit_variance(x: f32[D], eps: real)",
        "unit_variance(x, 1e-2)",
        Row(|x| {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
            x.iter().map(|x| (x - mean) / (variance + 1e-2).sqrt()).collect()
        }),
    ),
    case(
        "fn newton_schulz(x: f32[R, C], a: real, b: real, c: real)",
        "reshape(newton_schulz(reshape(x, [2, 3]), 1.5, -0.5, 0.25), like: x)",
        Row(|x| polynomial(x, 3, [1.5, -0.5, 0.25])),
    )
    .within(-1.0, 1.0),
    case(
        "fn newton_schulz(x: f32[R, C], a: real, b: real, c: real)",
        "reshape(newton_schulz(reshape(x, [3, 2]), 1.5, -0.5, 0.25), like: x)",
        Row(|x| polynomial(x, 2, [1.5, -0.5, 0.25])),
    )
    .within(-1.0, 1.0),
    case(
        "fn lifted(x: f32[R, C])",
        "reshape(lifted(reshape(x, [3, 2])), like: x)",
        Row(|x| polynomial(x, 2, [3.4445, -4.7750, 2.0315])),
    )
    .within(-0.5, 0.5),
    case(
        "fn levelled(x: f32[R, C])",
        "reshape(levelled(reshape(x, [1, 6])), like: x)",
        Row(|x| polynomial(x, 6, [1.875, -1.25, 0.375])),
    )
    .within(-0.5, 0.5),
    case(
        "fn outer(a: f32[I], b: f32[J])",
        "outer(x, x) @ x",
        Row(|x| {
            let squares: f64 = x.iter().map(|x| x * x).sum();
            x.iter().map(|x| x * squares).collect()
        }),
    ),
    case(
        "fn said_level(z: f32[L])",
        "said_level(x)",
        Row(|z| vec![z.iter().filter(|z| **z > 0.0).count() as f64; z.len()]),
    ),
    case("fn probabilities(z: logits[K])", "probabilities(x)", Row(softmax)),
    case("fn probabilities(p: prob[K])", "probabilities(softmax(x))", Row(softmax)),
    case("fn probabilities(l: log_prob[K])", "probabilities(log_softmax(x))", Row(softmax)),
];

pub fn cases() -> Vec<&'static str> {
    CASES.iter().map(|it| it.signature).chain(ELSEWHERE).collect()
}

/// Those that take something else than numbers have tests of their own.
const ELSEWHERE: [&str; 4] = [
    "fn probabilities(z: logit)",
    "fn probabilities(z: logit[K])",
    "fn level(x: ordinal[K])",
    "fn thermometer(x: ordinal[K])",
];

/// a X + b X Xᵀ X + c X Xᵀ X Xᵀ X of a matrix of `columns` columns.
fn polynomial(x: &[f64], columns: usize, [a, b, c]: [f64; 3]) -> Vec<f64> {
    let gram = |x: &[f64], y: &[f64]| -> Vec<f64> {
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        x.chunks(columns).flat_map(|x| y.chunks(columns).map(move |y| dot(x, y))).collect()
    };
    let times = |g: &[f64], x: &[f64]| -> Vec<f64> {
        let rows = x.len() / columns;
        let at =
            |row: usize, column: usize| (0..rows).map(|k| g[row * rows + k] * x[k * columns + column]).sum::<f64>();
        (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).map(|(r, c)| at(r, c)).collect()
    };
    let g = gram(x, x);
    let third = times(&g, x);
    let fifth = times(&g, &third);
    x.iter().zip(third).zip(fifth).map(|((x, third), fifth)| a * x + b * third + c * fifth).collect()
}

pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

pub fn softmax(z: &[f64]) -> Vec<f64> {
    let sum: f64 = z.iter().map(|z| z.exp()).sum();
    z.iter().map(|z| z.exp() / sum).collect()
}

/// The first half of a row, each times the gate of its partner in the second; twice, to be as long as the row.
fn gated(x: &[f64], gate: impl Fn(f64) -> f64) -> Vec<f64> {
    let (a, b) = x.split_at(x.len() / 2);
    let half: Vec<f64> = a.iter().zip(b).map(|(a, b)| a * gate(*b)).collect();
    half.repeat(2)
}

pub fn first_largest(z: &[f64]) -> usize {
    (0..z.len()).rev().max_by(|&a, &b| z[a].total_cmp(&z[b])).expect("a number")
}

/// The probability that a normal number lies below `x`: Simpson's rule from -12.
fn normal_below(x: f64) -> f64 {
    let (from, steps) = (-12.0, 20_000);
    let width = (x - from) / f64::from(steps);
    let bell = |x: f64| (-x * x / 2.0).exp();
    let sum: f64 = (0..=steps)
        .map(|at| {
            let weight = if at == 0 || at == steps { 1.0 } else { 2.0 + 2.0 * f64::from(at % 2) };
            weight * bell(from + f64::from(at) * width)
        })
        .sum();
    sum * width / 3.0 / (2.0 * std::f64::consts::PI).sqrt()
}

/// A model that is the formula, times a parameter of ones.
fn model(formula: &str) -> Function {
    let rest = format!(
        "model m on x: f32[6] -> f32[6] {{\n  param w: f32[6] ~ ones\n  w * ({formula})\n}}\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n}}\n"
    );
    with_data("f32[6]", "f32[6]", &rest).predict(5)
}

#[test]
fn of_every_function_value_and_gradient_are_right_everywhere() {
    for case in CASES {
        let function = model(case.formula);
        let (low, high) = case.range;
        let (_, feeds) = doors(&function, &[Feed::Within(low, high)], 3);
        let states = [Array::f32(&[6], vec![1.0; 6])];
        let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
        let rows = Wide::from(&feeds[0]).data;
        let expected: Vec<f64> = match case.meaning {
            Each(of) => rows.iter().map(|&x| of(x)).collect(),
            Row(of) => rows.chunks(6).flat_map(of).collect(),
        };
        close(&found, &expected, 1e-6, case.formula);
        differentiable(&function, &states, &feeds, CLOCK);
    }
}

#[test]
fn at_corners_functions_have_the_slope_that_their_formula_says() {
    for case in CASES {
        for &(x, y, slope_there) in case.corners {
            let function = model(case.formula);
            let feeds = [Array::f32(&[5, 6], vec![x as f32; 30])];
            let states = [Array::f32(&[6], vec![1.0; 6])];
            let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
            close(&found, &[y; 30], 1e-6, case.formula);
            close(&slope(&function, &states, &feeds), &[slope_there; 30], 1e-6, case.formula);
        }
    }
}

/// At 0 too, where formulas are put together from parts that have corners there.
#[test]
fn where_a_function_is_smooth_its_slope_is_that_of_its_curve() {
    for case in CASES {
        let Each(of) = case.meaning else { continue };
        for x in [0.0, -1.0, 1.0, -3.0, 3.0].into_iter().filter(|x| *x > case.range.0) {
            let step = 1e-6;
            let (left, right) = ((of(x) - of(x - step)) / step, (of(x + step) - of(x)) / step);
            if (left - right).abs() < 1e-4 {
                let function = model(case.formula);
                let feeds = [Array::f32(&[5, 6], vec![x as f32; 30])];
                let states = [Array::f32(&[6], vec![1.0; 6])];
                let found = slope(&function, &states, &feeds);
                close(&found, &[f64::midpoint(left, right); 30], 2e-6, &format!("{} at {x}", case.formula));
            }
        }
    }
}

#[test]
fn saturated_functions_stay_finite() {
    for (formula, expected) in [
        ("sigmoid(x)", [0.0, 1.0]),
        ("log_sigmoid(x)", [-1000.0, 0.0]),
        ("softplus(x)", [0.0, 1000.0]),
        ("silu(x)", [0.0, 1000.0]),
        ("mish(x)", [0.0, 1000.0]),
        ("elu(x)", [-1.0, 1000.0]),
        ("celu(x, 0.5)", [-0.5, 1000.0]),
        ("swish(x, 2)", [0.0, 1000.0]),
        ("quick_gelu(x)", [0.0, 1000.0]),
        ("gelu(x)", [0.0, 1000.0]),
        ("gelu_tanh(x)", [0.0, 1000.0]),
    ] {
        let function = model(formula);
        let feeds = [Array::f32(&[5, 6], [-1000.0, 1000.0].repeat(15))];
        let states = [Array::f32(&[6], vec![1.0; 6])];
        let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
        close(&found, &expected.repeat(15), 1e-6, formula);
        assert!(slope(&function, &states, &feeds).iter().all(|it| it.is_finite()), "{formula}");
    }
    let half = 0.5f64.ln();
    for (formula, expected) in
        [("softmax(x)", [0.5, 0.0, 0.0]), ("log_softmax(x)", [half, half - 1000.0, half - 2000.0])]
    {
        let function = model(formula);
        let feeds = [Array::f32(&[5, 6], [1000.0, 0.0, -1000.0].repeat(10))];
        let states = [Array::f32(&[6], vec![1.0; 6])];
        let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
        close(&found, &expected.repeat(10), 1e-6, formula);
        assert!(slope(&function, &states, &feeds).iter().all(|it| it.is_finite()), "{formula}");
    }
}

#[test]
fn of_equal_largest_numbers_argmax_is_the_first() {
    let function = model("cast(argmax(x), f32)");
    let rows = [[1.0, 3.0, 3.0, 0.0, 3.0, 2.0], [2.0; 6], [-1.0, -2.0, -3.0, -4.0, -5.0, -0.5]];
    let feeds = [Array::f32(&[5, 6], [rows[0], rows[1], rows[2], rows[1], rows[0]].concat())];
    let states = [Array::f32(&[6], vec![1.0; 6])];
    let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
    let first: Vec<f64> = found.chunks(6).map(|row| row[0]).collect();
    assert_eq!(first, [1.0, 0.0, 5.0, 0.0, 1.0]);
}

#[test]
fn a_person_reads_probabilities_whatever_a_model_gives() {
    let read = |result: &str, formula: &str, target: &str, loss: &str, width: usize, values: &[f32]| {
        let rest = format!(
            "model m on x: f32[{width}] -> {result} {{\n  param w: f32[{width}] ~ ones\n  {formula}\n}}\n\
             train {{\n  model: m\n  data: points\n  loss: {loss}\n  optimizer: sgd\n  for: 1 epoch\n}}\n"
        );
        let function = with_data(&format!("f32[{width}]"), target, &rest).read(0, 2);
        computed(&function, &[], &[Array::f32(&[2, width], values.to_vec())], CLOCK).remove(0).data
    };
    let scores = [1.0, 2.0, -1.0, 0.0, 0.0, 0.5];
    let rows: Vec<f64> = scores.iter().map(|&it| f64::from(it)).collect();
    let shares: Vec<f64> = rows.chunks(3).flat_map(softmax).collect();
    close(&read("logits[3]", "w * x", "class[3]", "cross_entropy", 3, &scores), &shares, 1e-6, "logits");
    let logs: Vec<f32> = shares.iter().map(|it| it.ln() as f32).collect();
    close(&read("log_prob[3]", "log_softmax(w * x)", "class[3]", "nll", 3, &logs), &shares, 1e-6, "log_prob");
    let yes = [logistic(1.0), logistic(-2.0)];
    close(&read("logit", "w * x", "binary", "binary_cross_entropy", 1, &[1.0, -2.0]), &yes, 1e-6, "logit");
    let each: Vec<f64> = rows.iter().map(|&it| logistic(it)).collect();
    close(&read("logit[3]", "w * x", "set[3]", "binary_cross_entropy", 3, &scores), &each, 1e-6, "of a set");
    close(&read("logit[3]", "w * x", "ordinal[4]", "coral", 3, &scores), &each, 1e-6, "of an ordinal");
}

#[test]
fn an_ordinal_becomes_its_place_or_a_row_of_what_it_is_beyond() {
    for (formula, result, meaning) in [
        ("level(x)", "number", &(|x: usize| vec![x as f64]) as &dyn Fn(usize) -> Vec<f64>),
        ("thermometer(x)", "f32[3]", &|x| (0..3).map(|at| f64::from(u8::from(x > at))).collect()),
    ] {
        let rest = format!(
            "model m on x: ordinal[4] -> {result} {{\n  param w: {} ~ ones\n  w * {formula}\n}}\n\
             train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n}}\n",
            if result == "number" { "f32[1]" } else { result }
        );
        let program = with_data("ordinal[4]", result, &rest);
        let function = program.predict(4);
        let width = program.outputs[0].shape[0];
        let states = [Array::f32(&[width], vec![1.0; width])];
        let found = computed(&function, &states, &[Array::i32(&[4], vec![0, 1, 2, 3])], CLOCK).remove(0).data;
        close(&found, &(0..4).flat_map(meaning).collect::<Vec<_>>(), 1e-6, formula);
    }
}
