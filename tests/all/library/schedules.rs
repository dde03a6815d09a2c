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
];

pub fn cases() -> Vec<&'static str> {
    let parts = ["fn warm(t, warmup: time)", "fn part(t, warmup: time, total: time)"];
    CASES.iter().map(|it| it.signature).chain(parts).collect()
}

/// Half a wave: 1 at 0, 0 at 1.
fn wave(part: f64) -> f64 {
    (1.0 + (std::f64::consts::PI * part).cos()) / 2.0
}

fn rate(schedule: &str, lr: &str) -> Function {
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
