//! Initialisers: mean, variance and range of many draws, by fan-in and fan-out as the papers count them.

use super::*;

/// How draws are distributed: by their half-width, or by their deviation.
pub(super) enum Spread {
    Uniform(f64),
    Normal(f64),
    /// By the deviation of the normal distribution that is cut at two of them.
    Truncated(f64),
}
pub(super) use Spread::{Normal, Truncated, Uniform};

struct Case {
    signature: &'static str,
    init: &'static str,
    /// From fan-in and fan-out.
    spread: fn(f64, f64) -> Spread,
}

const CASES: &[Case] = &[
    Case {
        signature: "fn glorot(fan_in: int, fan_out: int)",
        init: "glorot",
        spread: |i, o| Uniform((6.0 / (i + o)).sqrt()),
    },
    Case {
        signature: "fn glorot_normal(fan_in: int, fan_out: int)",
        init: "glorot_normal",
        spread: |i, o| Normal((2.0 / (i + o)).sqrt()),
    },
    Case { signature: "fn he(fan_in: int)", init: "he", spread: |i, _| Uniform((6.0 / i).sqrt()) },
    Case { signature: "fn he_normal(fan_in: int)", init: "he_normal", spread: |i, _| Normal((2.0 / i).sqrt()) },
    Case { signature: "fn lecun(fan_in: int)", init: "lecun", spread: |i, _| Uniform((3.0 / i).sqrt()) },
    Case { signature: "fn lecun_normal(fan_in: int)", init: "lecun_normal", spread: |i, _| Normal((1.0 / i).sqrt()) },
    Case {
        signature: "fn truncated_normal(deviation: real)",
        init: "truncated_normal(0.5)",
        spread: |_, _| Truncated(0.5),
    },
    Case {
        signature: "fn he_truncated(fan_in: int)",
        init: "he_truncated",
        spread: |i, _| Truncated((2.0 / i / CUT).sqrt()),
    },
    Case {
        signature: "fn lecun_truncated(fan_in: int)",
        init: "lecun_truncated",
        spread: |i, _| Truncated((1.0 / i / CUT).sqrt()),
    },
];

/// The variance of a normal distribution of variance 1 after a cut at 2 deviations: 1 - 4 φ(2) / (1 - 2 Φ(-2)).
const CUT: f64 = 0.773_741_303_549_923_4;

/// Those with a test of their own.
const ROUND_ABOUT: [&str; 3] = ["fn erf_inverse(x)", "fn orthogonal(gain: real)", "fn orthonormal(x: f32[.., C])"];

pub fn cases() -> Vec<&'static str> {
    CASES.iter().map(|it| it.signature).chain(ROUND_ABOUT).collect()
}

/// What the parameters of a model start as, in order, for a seed.
pub(super) fn initial(body: &str, seed: u64) -> Vec<Vec<f64>> {
    let found = computed(&starts(body), &[], &[], Clock { seed, step: 1 });
    found.into_iter().map(|it| it.data).collect()
}

fn starts(body: &str) -> Function {
    let rest = format!(
        "model m on x: f32[2] -> f32[1] {{\n  {body}\n}}\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n}}\n"
    );
    with_data("f32[2]", "f32[1]", &rest).initial()
}

/// Checks 120,000 draws.
#[track_caller]
pub(super) fn check(draws: &[f64], spread: &Spread, what: &str) {
    let n = draws.len() as f64;
    assert!(n >= 1e5);
    let deviation = match spread {
        Uniform(half) => half / 3f64.sqrt(),
        Normal(deviation) => *deviation,
        Truncated(deviation) => deviation * CUT.sqrt(),
    };
    let moment = |power: i32| draws.iter().map(|x| (x / deviation).powi(power)).sum::<f64>() / n;
    // Each within five deviations of its own.
    let (fourth, fourth_error) = match spread {
        Uniform(_) => (1.8, (81.0 / 9.0 - 1.8 * 1.8) / n),
        Normal(_) => (3.0, (105.0 - 9.0) / n),
        // The even moments of the cut normal are m[k] = (k - 1) m[k - 2] - 2^k φ(2) / (1 - 2 Φ(-2)), here in its own deviations.
        Truncated(_) => (2.365_536_7, (27.189_591 - 2.365_536_7 * 2.365_536_7) / n),
    };
    assert!(moment(1).abs() < 5.0 / n.sqrt(), "{what}: a mean of {} deviations", moment(1));
    assert!((moment(2) - 1.0).abs() < 5.0 * ((fourth - 1.0) / n).sqrt(), "{what}: variance {}", moment(2));
    assert!(moment(3).abs() < 5.0 * (15.0 / n).sqrt(), "{what}: skew {}", moment(3));
    assert!((moment(4) - fourth).abs() < 5.0 * fourth_error.sqrt(), "{what}: fourth moment {}", moment(4));
    let largest = draws.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    match spread {
        Uniform(half) => assert!(largest <= half * 1.000_001 && largest > 0.999 * half, "{what}: {largest} of {half}"),
        Truncated(deviation) => {
            assert!(largest <= 2.000_01 * deviation && largest > 1.99 * deviation, "{what}: {largest}");
        }
        Normal(_) => assert!((3.5 * deviation..6.5 * deviation).contains(&largest), "{what}: {largest}"),
    }
}

#[test]
fn every_initialiser_draws_as_its_paper_says() {
    for case in CASES {
        let body = format!("param w: f32[300, 400] ~ {}\n  sum(w) * x |> dense(1) as out", case.init);
        let all = initial(&body, 5);
        let draws = all.iter().find(|it| it.len() == 120_000).expect("the parameter");
        check(draws, &(case.spread)(300.0, 400.0), case.init);
        let other = initial(&body, 6);
        assert_ne!(*draws, *other.iter().find(|it| it.len() == 120_000).expect("it"), "another seed, other draws");
    }
}

#[test]
fn of_a_window_each_place_counts_for_both_fans() {
    // A kernel of 3 × 3 places, 40 numbers in, 350 out.
    let all = initial("param w: f32[3, 3, 40, 350] ~ glorot\n  sum(w) * x |> dense(1) as out", 5);
    let draws = all.iter().find(|it| it.len() == 126_000).expect("the parameter");
    check(draws, &Uniform((6.0f64 / (9.0 * 40.0 + 9.0 * 350.0)).sqrt()), "glorot of a window");
}

#[test]
fn a_layer_hands_its_initialiser_on() {
    let all = initial("x |> dense(60000, init: he_normal) as wide |> dense(1) as out", 5);
    let draws = all.iter().find(|it| it.len() == 120_000).expect("its weights");
    check(draws, &Normal(1.0), "dense with he_normal, two numbers in");
    assert!(all.iter().any(|it| it.len() == 60_000 && it.iter().all(|&it| it == 0.0)), "biases start as 0");
}

#[test]
fn and_with_the_arguments_that_it_was_given() {
    for (init, spread) in [
        ("normal(0, 0.02)", Normal(0.02)),
        ("uniform(-0.3, 0.3)", Uniform(0.3)),
        ("truncated_normal(0.5)", Truncated(0.5)),
        ("truncated_normal(deviation: 0.5)", Truncated(0.5)),
        ("if 2 > 1 then normal(0, 0.02) else zeros", Normal(0.02)),
    ] {
        let all = initial(&format!("x |> dense(60000, init: {init}) as wide |> dense(1) as out"), 5);
        let draws = all.iter().find(|it| it.len() == 120_000).expect("its weights");
        check(draws, &spread, init);
        let own = initial(&format!("param w: f32[2, 60000] ~ {init}\n  sum(w) * x |> dense(1) as out"), 5);
        check(own.iter().find(|it| it.len() == 120_000).expect("the parameter"), &spread, init);
    }
    // Each parameter draws anew, and of its own shape.
    let all = initial("x |> repeat(2, dense(2, init: orthogonal(gain: 2))) as deep |> dense(1) as out", 5);
    let drawn: Vec<&Vec<f64>> = all.iter().filter(|it| it.len() == 4).collect();
    assert_ne!(drawn[0], drawn[1]);
    for w in drawn {
        assert!((w[0] * w[0] + w[2] * w[2] - 4.0).abs() < 1e-5, "{w:?}");
    }
}

#[test]
fn two_parameters_of_one_shape_draw_differently() {
    let all = initial("param a: f32[2, 1] ~ glorot\n  param b: f32[2, 1] ~ glorot\n  x @ a + x @ b", 5);
    assert_ne!(all[0], all[1]);
}

/// Of columns wᵀw is g² times the identity, of rows wwᵀ where there are fewer of them, to 1e-5; axes before the last are one.
#[test]
fn columns_at_right_angles_or_rows() {
    for (shape, rows, columns, gain) in [
        ("40, 40", 40, 40, 1.0),
        ("60, 20", 60, 20, 1.0),
        ("20, 60", 20, 60, 2.0),
        ("3, 3, 4, 50", 36, 50, 1.0),
        ("1, 8", 1, 8, 1.0),
    ] {
        let body = format!("param w: f32[{shape}] ~ orthogonal(gain: {gain})\n  sum(w) * x |> dense(1) as out");
        let mut drawn: Vec<Vec<f64>> = vec![];
        for (backend, seed) in [(Backend::Kernels, 5), (Backend::Native, 5), (Backend::Native, 6)] {
            let states = compile::executor(&starts(&body), backend).run(&mut [], &[], Clock { seed, step: 1 });
            let mut all = states.iter().map(|it| Wide::from(it).data);
            let w = all.find(|it| it.len() == rows * columns).expect("the parameter");
            let at = |row: usize, column: usize| w[row * columns + column] / gain;
            let (few, many) = (rows.min(columns), rows.max(columns));
            for a in 0..few {
                for b in 0..few {
                    let product =
                        (0..many).map(|k| if rows < columns { at(a, k) * at(b, k) } else { at(k, a) * at(k, b) });
                    let (found, expected) = (product.sum::<f64>(), f64::from(u8::from(a == b)));
                    assert!((found - expected).abs() < 1e-5, "[{shape}] on {backend:?}: {a} with {b} is {found}");
                }
            }
            drawn.push(w);
        }
        assert_eq!(drawn[0], drawn[1], "machine code is the kernels");
        assert_ne!(drawn[1], drawn[2], "another seed, other draws");
    }
}

/// All rotations are equally likely: of 400 numbers of a 20 × 20 matrix the mean is 0 and the fourth moment that of Haar's
/// measure, 3 / (n (n + 2)).
#[test]
fn no_direction_is_preferred() {
    let (mut sum, mut fourth, mut count) = (0.0, 0.0, 0.0);
    let function = starts("param w: f32[20, 20] ~ orthogonal\n  sum(w) * x |> dense(1) as out");
    let mut run = compile::executor(&function, Backend::Native);
    for seed in 0..60 {
        let all = run.run(&mut [], &[], Clock { seed, step: 1 });
        let w = all.iter().map(|it| Wide::from(it).data).find(|it| it.len() == 400).expect("the parameter");
        sum += w.iter().sum::<f64>();
        fourth += w.iter().map(|it| it.powi(4)).sum::<f64>();
        count += 400.0;
    }
    let expected = 3.0 / (20.0 * 22.0);
    assert!((sum / count).abs() < 5.0 * (1.0f64 / 20.0 / count).sqrt(), "mean {}", sum / count);
    assert!((fourth / count / expected - 1.0).abs() < 0.08, "fourth moment {} of {expected}", fourth / count);
}

#[test]
fn the_inverse_of_the_error_function_is_one() {
    let function = with_data(
        "f32[5]",
        "f32[5]",
        "model m on x: f32[5] -> f32[5] {\n  param w: f32[5] ~ ones\n  w * erf_inverse(erf(x))\n}\n\
         train {\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n}\n",
    )
    .predict(40);
    let (_, feeds) = doors(&function, &[Feed::Within(-1.9, 1.9)], 3);
    let states = [Array::f32(&[5], vec![1.0; 5])];
    let found = computed(&function, &states, &feeds, CLOCK).remove(0).data;
    close(&found, &Wide::from(&feeds[0]).data, 1e-5, "there and back");
}
