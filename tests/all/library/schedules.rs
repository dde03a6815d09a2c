//! Schedules: the factor of the rate at the first update, at the end of the warm-up, in the middle, at the end.

use super::*;

/// A run of 100 updates, 20 in an epoch.
const TOTAL: f64 = 100.0;

struct Case {
    signature: &'static str,
    schedule: &'static str,
    /// The factor at update `t`, counted from 1.
    factor: fn(f64) -> f64,
}

const CONSTANT: &str = "schedule constant(warmup: time) on (t, total)";
const STAIRCASE: &str = "schedule staircase(every: time, factor: real, warmup: time) on (t, total)";
const EXPONENTIAL: &str = "schedule exponential(every: time, factor: real, warmup: time) on (t, total)";
const COSINE: &str = "schedule cosine(warmup: time, floor: real) on (t, total)";
const LINEAR: &str = "schedule linear(warmup: time, floor: real) on (t, total)";
const MULTI_STEP: &str = "schedule multi_step(at: list, factor: real, warmup: time) on (t, total)";
const POLYNOMIAL: &str = "schedule polynomial(power: real, warmup: time, floor: real) on (t, total)";
const INVERSE_SQRT: &str = "schedule inverse_sqrt(warmup: time) on (t, total)";
const COSINE_RESTARTS: &str = "schedule cosine_restarts(every: time, warmup: time, floor: real) on (t, total)";
const ONE_CYCLE: &str = "schedule one_cycle(rise: prob, start: real, floor: real) on (t, total)";
const STABLE: &str = "schedule warmup_stable_decay(warmup: time, decay: time, floor: real) on (t, total)";

const CASES: &[Case] = &[
    Case { signature: CONSTANT, schedule: "constant", factor: |_| 1.0 },
    Case { signature: CONSTANT, schedule: "constant(warmup: 10 steps)", factor: |t| (t / 10.0).min(1.0) },
    // Times in epochs and in shares of the run are the same updates.
    Case { signature: CONSTANT, schedule: "constant(warmup: 0.5 epochs)", factor: |t| (t / 10.0).min(1.0) },
    Case { signature: CONSTANT, schedule: "constant(warmup: 10%)", factor: |t| (t / 10.0).min(1.0) },
    Case {
        signature: STAIRCASE,
        schedule: "staircase(every: 25 steps)",
        factor: |t| 0.1f64.powf(((t - 1.0) / 25.0).floor()),
    },
    Case {
        signature: STAIRCASE,
        schedule: "staircase(every: 1 epoch, factor: 0.5, warmup: 5 steps)",
        factor: |t| (t / 5.0).min(1.0) * 0.5f64.powf(((t - 1.0) / 20.0).floor()),
    },
    Case { signature: EXPONENTIAL, schedule: "exponential", factor: |t| 0.9f64.powf((t - 1.0) / 20.0) },
    Case {
        signature: EXPONENTIAL,
        schedule: "exponential(every: 10 steps, factor: 0.5, warmup: 10%)",
        factor: |t| (t / 10.0).min(1.0) * 0.5f64.powf((t - 1.0) / 10.0),
    },
    Case { signature: COSINE, schedule: "cosine", factor: |t| wave((t - 1.0) / TOTAL) },
    Case {
        signature: COSINE,
        schedule: "cosine(warmup: 20%, floor: 10%)",
        factor: |t| (t / 20.0).min(1.0) * (0.1 + 0.9 * wave(((t - 21.0) / 80.0).max(0.0))),
    },
    Case { signature: LINEAR, schedule: "linear", factor: |t| 1.0 - (t - 1.0) / TOTAL },
    Case {
        signature: LINEAR,
        schedule: "linear(warmup: 1 epoch, floor: 25%)",
        factor: |t| (t / 20.0).min(1.0) * (1.0 - 0.75 * ((t - 21.0) / 80.0).max(0.0)),
    },
    Case {
        signature: MULTI_STEP,
        schedule: "multi_step([10, 50])",
        factor: |t| if t <= 10.0 { 1.0 } else { [0.1, 0.01][usize::from(t > 50.0)] },
    },
    Case {
        signature: MULTI_STEP,
        schedule: "multi_step([20, 60], factor: 0.5, warmup: 10%)",
        factor: |t| (t / 10.0).min(1.0) * if t <= 20.0 { 1.0 } else { [0.5, 0.25][usize::from(t > 60.0)] },
    },
    Case { signature: POLYNOMIAL, schedule: "polynomial", factor: |t| (1.0 - (t - 1.0) / TOTAL).powi(2) },
    Case {
        signature: POLYNOMIAL,
        schedule: "polynomial(power: 0.5, warmup: 1 epoch, floor: 25%)",
        factor: |t| (t / 20.0).min(1.0) * (0.25 + 0.75 * (1.0 - ((t - 21.0) / 80.0).max(0.0)).sqrt()),
    },
    // Without the factor d^-0.5 it is the formula of the paper, divided by its largest value.
    Case {
        signature: INVERSE_SQRT,
        schedule: "inverse_sqrt(warmup: 20 steps)",
        factor: |t| t.powf(-0.5).min(t * 20f64.powf(-1.5)) * 20f64.sqrt(),
    },
    Case { signature: INVERSE_SQRT, schedule: "inverse_sqrt(warmup: 0 steps)", factor: |t| 1.0 / t.sqrt() },
    Case {
        signature: COSINE_RESTARTS,
        schedule: "cosine_restarts(every: 1 epoch)",
        factor: |t| wave((t - 1.0) % 20.0 / 20.0),
    },
    Case {
        signature: COSINE_RESTARTS,
        schedule: "cosine_restarts(25 steps, warmup: 10%, floor: 10%)",
        factor: |t| (t / 10.0).min(1.0) * (0.1 + 0.9 * wave((t - 11.0).max(0.0) % 25.0 / 25.0)),
    },
    // PyTorch's, whose first update is 0: up to 0.3 * 100 - 1, down to 99.
    Case {
        signature: ONE_CYCLE,
        schedule: "one_cycle",
        factor: |t| match t - 1.0 {
            up if up <= 29.0 => 1.0 / 25.0 + 24.0 / 25.0 * (1.0 - wave(up / 29.0)),
            down => 1.0 / 25e4 + (1.0 - 1.0 / 25e4) * wave((down - 29.0) / 70.0),
        },
    },
    Case {
        signature: ONE_CYCLE,
        schedule: "one_cycle(rise: 50%, start: 0.1, floor: 0)",
        factor: |t| match t - 1.0 {
            up if up <= 49.0 => 0.1 + 0.9 * (1.0 - wave(up / 49.0)),
            down => wave((down - 49.0) / 50.0),
        },
    },
    Case {
        signature: STABLE,
        schedule: "warmup_stable_decay",
        factor: |t| (t / 5.0).min(1.0) * (1.0 - ((t - 81.0) / 20.0).max(0.0)),
    },
    Case {
        signature: STABLE,
        schedule: "warmup_stable_decay(warmup: 0 steps, decay: 2 epochs, floor: 10%)",
        factor: |t| 1.0 - 0.9 * ((t - 61.0) / 40.0).max(0.0),
    },
];

pub fn cases() -> Vec<&'static str> {
    let parts = ["fn warm(t, warmup: time)", "fn part(t, warmup: time, total: time)"];
    CASES.iter().map(|it| it.signature).chain(parts).collect()
}

/// Half a wave: 1 at 0, 0 at 1.
fn wave(part: f64) -> f64 {
    (1.0 + (std::f64::consts::PI * part).cos()) / 2.0
}

pub(super) fn rate(schedule: &str, lr: &str) -> Function {
    let rest = format!(
        "model m on x: f32[3] -> f32[3] {{\n  param w: f32[3] ~ zeros\n  w * x\n}}\n\
         train {{\n  model: m\n  data: points\n  loss: mse\n  optimizer: sgd(lr: {lr})\n  schedule: {schedule}\n  for: 100 steps\n}}\n"
    );
    let pace = dlmc::model::program::Pace { batch: 1, epoch: 20, total: TOTAL as u64 };
    with_data("f32[3]", "f32[3]", &rest).step(pace)
}

#[test]
fn every_schedule_follows_its_formula() {
    for case in CASES {
        let function = rate(case.schedule, "0.5");
        let (states, feeds) = doors(&function, &[Feed::Within(-1.0, 1.0); 2], 2);
        for t in [1, 2, 9, 10, 11, 20, 21, 22, 25, 26, 50, 60, 61, 99, 100] {
            let found = computed(&function, &states, &feeds, Clock { seed: 0, step: t });
            close(&found[2].data, &[0.5 * (case.factor)(f64::from(t))], 1e-6, &format!("{} at {t}", case.schedule));
        }
    }
}

#[test]
fn what_falls_to_a_floor_is_there_one_update_after_the_last() {
    // The last update still moves: its factor is one part above the floor.
    for (schedule, floor) in
        [("cosine", 0.0), ("linear", 0.0), ("cosine(floor: 20%)", 0.2), ("linear(floor: 20%)", 0.2)]
    {
        let function = rate(schedule, "1.0");
        let (states, feeds) = doors(&function, &[Feed::Within(-1.0, 1.0); 2], 2);
        let at = |t| computed(&function, &states, &feeds, Clock { seed: 0, step: t })[2].data[0];
        assert!(at(100) > floor, "{schedule}");
        assert!((at(101) - floor).abs() < 1e-6 && (at(500) - floor).abs() < 1e-6, "{schedule}");
    }
}
