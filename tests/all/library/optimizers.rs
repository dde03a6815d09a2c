//! Optimizers: several updates on a parabola, beside the paper's formula for one number in f64.

use super::*;

/// The parameter starts here, and the loss is the mean of (w x - y)² over three columns of one row.
const START: [f64; 3] = [0.5, -1.0, 2.0];
const X: [f64; 3] = [1.0, 2.0, -0.5];
const Y: [f64; 3] = [2.0, 1.0, 0.25];
const UPDATES: u32 = 12;

/// What is remembered of one number.
#[derive(Default, Clone, Copy)]
struct Remembered {
    one: f64,
    two: f64,
    three: f64,
}

struct Case {
    signature: &'static str,
    optimizer: &'static str,
    /// The next value of the parameter from its value, its gradient, and the update's number.
    update: fn(&mut Remembered, f64, f64, i32) -> f64,
}

const SGD: &str = "optimizer sgd(lr: rate, momentum: real, nesterov: bool) on (p, g)";
const ADAM: &str = "optimizer adam(lr: rate, b1: real, b2: real, eps: real) on (p, g, t)";
const ADAMW: &str = "optimizer adamw(lr: rate, b1: real, b2: real, eps: real, decay: real) on (p, g, t)";
const RMSPROP: &str = "optimizer rmsprop(lr: rate, alpha: real, eps: real, momentum: real, centred: bool) on (p, g)";
const LAMB: &str = "optimizer lamb(lr: rate, b1: real, b2: real, eps: real, decay: real) on (p, g, t)";
const RADAM: &str = "optimizer radam(lr: rate, b1: real, b2: real, eps: real) on (p, g, t)";

const CASES: &[Case] = &[
    Case {
        signature: "optimizer gradient_descent(lr: rate) on (p, g)",
        optimizer: "gradient_descent(lr: 0.1)",
        update: |_, p, g, _| p - 0.1 * g,
    },
    Case { signature: SGD, optimizer: "sgd(lr: 0.1)", update: |_, p, g, _| p - 0.1 * g },
    // PyTorch's: the velocity is not damped, and its first value is the gradient.
    Case {
        signature: SGD,
        optimizer: "sgd(lr: 0.1, momentum: 0.9)",
        update: |it, p, g, _| {
            it.one = 0.9 * it.one + g;
            p - 0.1 * it.one
        },
    },
    Case {
        signature: SGD,
        optimizer: "sgd(lr: 0.1, momentum: 0.9, nesterov: yes)",
        update: |it, p, g, _| {
            it.one = 0.9 * it.one + g;
            p - 0.1 * (g + 0.9 * it.one)
        },
    },
    Case {
        signature: ADAM,
        optimizer: "adam(lr: 0.1)",
        update: |it, p, g, t| p - 0.1 * adam(it, g, t, 0.9, 0.999, 1e-8),
    },
    Case {
        signature: ADAM,
        optimizer: "adam(lr: 0.2, b1: 0.8, b2: 0.95, eps: 1e-2)",
        update: |it, p, g, t| p - 0.2 * adam(it, g, t, 0.8, 0.95, 1e-2),
    },
    Case {
        signature: ADAM,
        optimizer: "adam(lr: 0.1, b1: 0)",
        update: |it, p, g, t| p - 0.1 * adam(it, g, t, 0.0, 0.999, 1e-8),
    },
    // Decoupled: the decay is beside the gradient, times the rate.
    Case {
        signature: ADAMW,
        optimizer: "adamw(lr: 0.1)",
        update: |it, p, g, t| p * (1.0 - 0.1 * 0.01) - 0.1 * adam(it, g, t, 0.9, 0.999, 1e-8),
    },
    Case {
        signature: ADAMW,
        optimizer: "adamw(lr: 0.1, decay: 0.5)",
        update: |it, p, g, t| p * (1.0 - 0.1 * 0.5) - 0.1 * adam(it, g, t, 0.9, 0.999, 1e-8),
    },
    Case {
        signature: "optimizer adagrad(lr: rate, eps: real) on (p, g)",
        optimizer: "adagrad(lr: 0.5)",
        update: |it, p, g, _| {
            it.one += g * g;
            p - 0.5 * g / (it.one.sqrt() + 1e-10)
        },
    },
    Case {
        signature: RMSPROP,
        optimizer: "rmsprop(lr: 0.05, alpha: 0.9)",
        update: |it, p, g, _| {
            it.one = 0.9 * it.one + 0.1 * g * g;
            p - 0.05 * g / (it.one.sqrt() + 1e-8)
        },
    },
    Case {
        signature: RMSPROP,
        optimizer: "rmsprop(lr: 0.02, alpha: 0.9, eps: 1e-3, momentum: 0.5, centred: yes)",
        update: |it, p, g, _| {
            it.one = 0.9 * it.one + 0.1 * g * g;
            it.two = 0.9 * it.two + 0.1 * g;
            it.three = 0.5 * it.three + g / ((it.one - it.two * it.two).sqrt() + 1e-3);
            p - 0.02 * it.three
        },
    },
    Case {
        signature: "optimizer adadelta(lr: rate, rho: real, eps: real) on (p, g)",
        optimizer: "adadelta(rho: 0.8, eps: 1e-3)",
        update: |it, p, g, _| {
            it.one = 0.8 * it.one + 0.2 * g * g;
            let step = (it.two + 1e-3).sqrt() / (it.one + 1e-3).sqrt() * g;
            it.two = 0.8 * it.two + 0.2 * step * step;
            p - step
        },
    },
    Case {
        signature: "optimizer adamax(lr: rate, b1: real, b2: real, eps: real) on (p, g, t)",
        optimizer: "adamax(lr: 0.1, b2: 0.9)",
        update: |it, p, g, t| {
            it.one = 0.9 * it.one + 0.1 * g;
            it.two = (0.9 * it.two).max(g.abs() + 1e-8);
            p - 0.1 / (1.0 - 0.9f64.powi(t)) * it.one / it.two
        },
    },
    Case {
        signature: "optimizer amsgrad(lr: rate, b1: real, b2: real, eps: real) on (p, g, t)",
        optimizer: "amsgrad(lr: 0.2, b2: 0.8)",
        update: |it, p, g, t| {
            it.one = 0.9 * it.one + 0.1 * g;
            it.two = 0.8 * it.two + 0.2 * g * g;
            it.three = it.three.max(it.two);
            let (m, v) = (it.one / (1.0 - 0.9f64.powi(t)), it.three / (1.0 - 0.8f64.powi(t)));
            p - 0.2 * m / (v.sqrt() + 1e-8)
        },
    },
    // PyTorch's. The third state is the product of the weights, less one, as it begins at one.
    Case {
        signature: "optimizer nadam(lr: rate, b1: real, b2: real, eps: real, fade: real) on (p, g, t)",
        optimizer: "nadam(lr: 0.1)",
        update: |it, p, g, t| {
            let weight = |t: i32| 0.9 * (1.0 - 0.5 * 0.96f64.powf(f64::from(t) * 0.004));
            let product = (it.three + 1.0) * weight(t);
            it.three = product - 1.0;
            it.one = 0.9 * it.one + 0.1 * g;
            it.two = 0.999 * it.two + 0.001 * g * g;
            let root = (it.two / (1.0 - 0.999f64.powi(t))).sqrt() + 1e-8;
            let now = (1.0 - weight(t)) / (1.0 - product) * g / root;
            p - 0.1 * now - 0.1 * weight(t + 1) / (1.0 - product * weight(t + 1)) * it.one / root
        },
    },
    Case { signature: RADAM, optimizer: "radam(lr: 0.01)", update: |it, p, g, t| p - 0.01 * radam(it, g, t, 0.999) },
    Case {
        signature: RADAM,
        optimizer: "radam(lr: 0.1, b2: 0.9)",
        update: |it, p, g, t| p - 0.1 * radam(it, g, t, 0.9),
    },
    Case {
        signature: "optimizer lion(lr: rate, b1: real, b2: real, decay: real) on (p, g)",
        optimizer: "lion(lr: 0.05, decay: 0.5)",
        update: |it, p, g, _| {
            let smoothed = 0.9 * it.one + 0.1 * g;
            it.one = 0.99 * it.one + 0.01 * g;
            p * (1.0 - 0.05 * 0.5) - 0.05 * smoothed.signum()
        },
    },
];

/// Those that are no formula for one number alone: `lamb` below, the others beside PyTorch.
const BESIDE_PYTORCH: [&str; 11] = [
    LAMB,
    "fn seen(b: real, t)",
    "optimizer adafactor(lr: rate, fade: real, eps: real, least: real, most: real, decay: real) on (p: f32[.., R, C], \
     g: f32[.., R, C], t)",
    "optimizer adafactor(lr: rate, fade: real, eps: real, least: real, most: real, decay: real) on (p, g, t)",
    "fn mean_of_each_row(x: f32[R, C])",
    "fn mean_of_each_column(x: f32[R, C])",
    "fn from_margins(rows: f32[R], columns: f32[C], eps: real)",
    "fn root_mean_square(x: f32[..])",
    "fn relative_rate(p: f32[..], lr, t, least: real)",
    "optimizer muon(lr: rate, momentum: real, nesterov: bool, decay: real, as_adam: bool, others: rate, b1: real, \
     b2: real, eps: real) on (p: f32[.., R, C], g: f32[.., R, C])",
    "optimizer muon(lr: rate, momentum: real, nesterov: bool, decay: real, as_adam: bool, others: rate, b1: real, \
     b2: real, eps: real) on (p, g, t)",
];

pub fn cases() -> Vec<&'static str> {
    CASES.iter().map(|it| it.signature).chain(BESIDE_PYTORCH).collect()
}

/// Algorithm 1 of Kingma & Ba (2015), without the rate.
fn adam(it: &mut Remembered, g: f64, t: i32, b1: f64, b2: f64, eps: f64) -> f64 {
    it.one = b1 * it.one + (1.0 - b1) * g;
    it.two = b2 * it.two + (1.0 - b2) * g * g;
    let (m, v) = (it.one / (1.0 - b1.powi(t)), it.two / (1.0 - b2.powi(t)));
    m / (v.sqrt() + eps)
}

/// Algorithm 2 of Liu et al. (2020), without the rate; the squares count from an effective size of 5, as in PyTorch.
fn radam(it: &mut Remembered, g: f64, t: i32, b2: f64) -> f64 {
    it.one = 0.9 * it.one + 0.1 * g;
    it.two = b2 * it.two + (1.0 - b2) * g * g;
    let m = it.one / (1.0 - 0.9f64.powi(t));
    let most = 2.0 / (1.0 - b2) - 1.0;
    let size = most - 2.0 * f64::from(t) * b2.powi(t) / (1.0 - b2.powi(t));
    if size <= 5.0 {
        return m;
    }
    let sure = ((size - 4.0) * (size - 2.0) * most / ((most - 4.0) * (most - 2.0) * size)).sqrt();
    m * sure * (1.0 - b2.powi(t)).sqrt() / (it.two.sqrt() + 1e-8)
}

pub(super) fn parabola(optimizer: &str, more: &str) -> Program {
    let rest = format!(
        "model m on x: f32[3] -> f32[3] {{\n  param w: f32[3] ~ zeros\n  w * x\n}}\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: {optimizer}\n  for: 100 steps\n{more}}}\n"
    );
    with_data("f32[3]", "f32[3]", &rest)
}

/// The parameter after each update, on every back end.
pub(super) fn descended(program: &Program, backend: Backend) -> Vec<Vec<f64>> {
    let function = program.step(dlmc::model::program::Pace { batch: 1, epoch: 1, total: 100 });
    let mut states = compile::executor(&program.initial(), backend).run(&mut [], &[], CLOCK);
    let numbers = |of: [f64; 3]| of.map(|it| it as f32).to_vec();
    states[0] = Array::f32(&[3], numbers(START));
    let feeds = [Array::f32(&[1, 3], numbers(X)), Array::f32(&[1, 3], numbers(Y))];
    let mut step = compile::executor(&function, backend);
    let update = |t: u32| {
        step.run(&mut states, &feeds.iter().collect::<Vec<_>>(), Clock { seed: 0, step: t });
        Wide::from(&states[0]).data
    };
    (1..=UPDATES).map(update).collect()
}

/// The same by the formula, and `more` added to each gradient.
fn by_hand(update: fn(&mut Remembered, f64, f64, i32) -> f64, more: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
    let (mut w, mut memory) = (START, [Remembered::default(); 3]);
    let mut all = vec![];
    for t in 1..=UPDATES as i32 {
        for at in 0..3 {
            let g = 2.0 / 3.0 * (w[at] * X[at] - Y[at]) * X[at] + more(w[at]);
            w[at] = update(&mut memory[at], w[at], g, t);
        }
        all.push(w.to_vec());
    }
    all
}

#[test]
fn every_optimizer_takes_the_steps_of_its_formula() {
    for case in CASES {
        let expected = by_hand(case.update, |_| 0.0);
        for backend in Backend::ALL {
            for (found, expected) in descended(&parabola(case.optimizer, ""), backend).iter().zip(&expected) {
                close(found, expected, 2e-6, &format!("{} on {backend:?}", case.optimizer));
            }
        }
    }
}

/// Algorithm 2 of You et al. (2020): the length of a step is that of the parameter, times the rate.
#[test]
fn a_step_of_lamb_is_as_long_as_the_parameter() {
    let (mut w, mut memory) = (START, [Remembered::default(); 3]);
    let all = descended(&parabola("lamb(lr: 0.1, decay: 0.2)", ""), Backend::Native);
    for (t, found) in (1..).zip(&all) {
        let step: [f64; 3] = std::array::from_fn(|at| {
            let g = 2.0 / 3.0 * (w[at] * X[at] - Y[at]) * X[at];
            adam(&mut memory[at], g, t, 0.9, 0.999, 1e-6) + 0.2 * w[at]
        });
        let length = |x: &[f64; 3]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let scale = length(&w) / length(&step);
        w = std::array::from_fn(|at| w[at] - 0.1 * scale * step[at]);
        close(found, &w, 3e-6, "lamb");
    }
    let function = parabola("lamb", "").step(dlmc::model::program::Pace { batch: 1, epoch: 1, total: 100 });
    let (states, feeds) = doors(&function, &[Feed::Within(-1.0, 1.0); 2], 9);
    computed(&function, &states, &feeds, Clock { seed: 0, step: 5 });
}

#[test]
fn a_step_in_f64_is_the_step_of_every_back_end() {
    for case in CASES {
        let function = parabola(case.optimizer, "").step(dlmc::model::program::Pace { batch: 1, epoch: 1, total: 100 });
        let (states, feeds) = doors(&function, &[Feed::Within(-1.0, 1.0); 2], 9);
        computed(&function, &states, &feeds, Clock { seed: 0, step: 5 });
    }
}

/// The penalty of `l2(λ)` is λ‖w‖², so that its gradient is 2λw: the customary weight decay of 2λ. In Adam that is not what
/// decoupled decay is.
#[test]
fn a_regularizer_is_part_of_the_gradient_and_decoupled_decay_is_not() {
    let adam = CASES.iter().find(|it| it.optimizer == "adam(lr: 0.1)").expect("above");
    let program = parabola("adam(lr: 0.1)", "  regularize { l2(0.25) on w }\n");
    let expected = by_hand(adam.update, |w| 2.0 * 0.25 * w);
    for (found, expected) in descended(&program, Backend::Native).iter().zip(&expected) {
        close(found, expected, 2e-6, "adam with l2");
    }
    let decoupled =
        by_hand(CASES.iter().find(|it| it.optimizer.contains("decay: 0.5")).expect("above").update, |_| 0.0);
    assert!((expected[11][0] - decoupled[11][0]).abs() > 1e-3);
}

#[test]
fn multipliers_and_schedules_reach_the_rate() {
    let program = parabola("sgd(lr: 0.1)", "  lr 3x on w\n");
    let expected = by_hand(|_, p, g, _| p - 0.3 * g, |_| 0.0);
    for (found, expected) in descended(&program, Backend::Native).iter().zip(&expected) {
        close(found, expected, 2e-6, "three times the rate");
    }
    let program = parabola("adamw(lr: 0.1, decay: 0.5)", "  decay 0x on w\n");
    let expected = by_hand(|it, p, g, t| p - 0.1 * adam(it, g, t, 0.9, 0.999, 1e-8), |_| 0.0);
    for (found, expected) in descended(&program, Backend::Native).iter().zip(&expected) {
        close(found, expected, 2e-6, "no decay");
    }
    let program = parabola("sgd(lr: 0.1)", "  schedule: constant(warmup: 4 steps)\n");
    let expected = by_hand(|_, p, g, t| p - 0.1 * f64::from(t.min(4)) / 4.0 * g, |_| 0.0);
    for (found, expected) in descended(&program, Backend::Native).iter().zip(&expected) {
        close(found, expected, 2e-6, "warm-up");
    }
}
