//! Regularizers: what they add to the loss, for the parameters that a pattern selects, and the slope at 0.

use super::*;

struct Case {
    signature: &'static str,
    regularizer: &'static str,
    /// Of all numbers of one parameter.
    meaning: fn(&[f64]) -> f64,
    /// Where a number is 0.
    slope_at_0: f64,
}

const CASES: &[Case] = &[
    Case {
        signature: "regularizer l1(lambda: real) on w",
        regularizer: "l1(0.3)",
        meaning: |w| 0.3 * w.iter().map(|w| w.abs()).sum::<f64>(),
        slope_at_0: 0.0,
    },
    Case {
        signature: "regularizer l2(lambda: real) on w",
        regularizer: "l2(0.3)",
        meaning: |w| 0.3 * w.iter().map(|w| w * w).sum::<f64>(),
        slope_at_0: 0.0,
    },
    Case {
        signature: "regularizer elastic(l1: real, l2: real) on w",
        regularizer: "elastic(l1: 0.2, l2: 0.3)",
        meaning: |w| w.iter().map(|w| 0.2 * w.abs() + 0.3 * w * w).sum(),
        slope_at_0: 0.0,
    },
];

pub fn cases() -> Vec<&'static str> {
    CASES.iter().map(|it| it.signature).collect()
}

fn regularized(terms: &str) -> Program {
    let rest = format!(
        "model m on x: f32[2] -> f32[1] = x |> dense(3, tanh) as hidden |> dense(1) as out\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd\n  for: 1 epoch\n{terms}}}\n"
    );
    with_data("f32[2]", "f32[1]", &rest)
}

/// Numbers of both signs for the parameters, 0 in the middle of each where asked.
fn states(function: &Function, zero: bool) -> Vec<Array> {
    let mut dice = Dice::new(4);
    let mut all: Vec<Array> =
        function.states.iter().map(|(shape, _)| array(shape, Feed::Within(-1.0, 1.0), &mut dice)).collect();
    for state in all.iter_mut().filter(|_| zero) {
        let middle = state.size() / 2;
        state.floats_mut()[middle] = 0.0;
    }
    all
}

#[test]
fn every_regularizer_adds_its_penalty_of_the_selected_parameters() {
    for case in CASES {
        for (patterns, selected) in [
            ("*.w", &["hidden.w", "out.w"][..]),
            ("hidden.*", &["hidden.w", "hidden.b"]),
            ("out.b", &["out.b"]),
            ("hidden.w, out.b", &["hidden.w", "out.b"]),
        ] {
            let program = regularized(&format!("  regularize {{ {} on {patterns} }}\n", case.regularizer));
            let function = program.objective(3, true);
            let states = states(&function, false);
            let (_, feeds) = doors(&function, &[Feed::Within(-1.0, 1.0); 2], 4);
            let with = computed(&function, &states, &feeds, CLOCK).remove(0).data[0];
            let without = computed(&regularized("").objective(3, true), &states, &feeds, CLOCK).remove(0).data[0];
            let of =
                |path: &str| Wide::from(&states[program.states.iter().position(|it| it.path == path).unwrap()]).data;
            let expected: f64 = selected.iter().map(|path| (case.meaning)(&of(path))).sum();
            close(&[with - without], &[expected], 1e-6, &format!("{} on {patterns}", case.regularizer));
            differentiable(&function, &states, &feeds, CLOCK);
        }
    }
}

#[test]
fn several_regularizers_add_up() {
    let program = regularized("  regularize {\n    l2(0.5) on *.w\n    l1(0.25) on out.*\n  }\n");
    let (function, plain) = (program.objective(3, true), regularized("").objective(3, true));
    let states = states(&function, false);
    let (_, feeds) = doors(&function, &[Feed::Within(-1.0, 1.0); 2], 4);
    let value = |function: &Function| computed(function, &states, &feeds, CLOCK).remove(0).data[0];
    let mut expected = 0.0;
    for (info, state) in program.states.iter().zip(&states) {
        let numbers = Wide::from(state).data;
        let squares = 0.5 * numbers.iter().map(|it| it * it).sum::<f64>();
        let sizes = 0.25 * numbers.iter().map(|it| it.abs()).sum::<f64>();
        expected += if info.path.ends_with(".w") { squares } else { 0.0 };
        expected += if info.path.starts_with("out.") { sizes } else { 0.0 };
    }
    close(&[value(&function) - value(&plain)], &[expected], 1e-6, "both");
}

/// ‖θ‖₁ has a corner at 0; its slope there counts as 0, so that a weight at 0 is not pushed away from it.
#[test]
fn a_weight_of_0_is_not_pushed() {
    for case in CASES {
        let program = regularized(&format!("  regularize {{ {} on hidden.w }}\n", case.regularizer));
        let (with, without) = (program.gradient(&[0], 3, true), regularized("").gradient(&[0], 3, true));
        let states = states(&with, true);
        let (_, feeds) = doors(&with, &[Feed::Within(-1.0, 1.0); 2], 4);
        let of = |function: &Function| computed(function, &states, &feeds, CLOCK).remove(0).data;
        let (with, without) = (of(&with), of(&without));
        let middle = with.len() / 2;
        close(&[with[middle] - without[middle]], &[case.slope_at_0], 1e-6, case.regularizer);
    }
}
