//! When something is due in a run.

use std::time::Duration;

use dlmc::model::program::{Every, Length};
use dlmc::session::cadence::{Best, Cadence, Extent, Limiter, Moment, Span};

fn at(step: u64, seconds: f64) -> Moment {
    Moment { step, seconds }
}

#[test]
fn a_run_has_as_many_updates_as_its_examples_and_epochs_say() {
    let cases = [
        (1000, 128, Length::Epochs(10.0), 8, 80),
        (1024, 128, Length::Epochs(0.5), 8, 4),
        (4, 4, Length::Epochs(500.0), 1, 500),
        (4, 1, Length::Steps(7), 4, 7),
        (10, 4, Length::Epochs(0.01), 3, 1),
    ];
    for (examples, batch, length, epoch, total) in cases {
        assert_eq!(Extent::new(examples, batch, length), Extent { epoch, total }, "{examples} by {batch}");
    }
}

#[test]
fn a_cadence_strikes_at_its_steps_whether_the_run_was_interrupted_or_not() {
    let extent = Extent { epoch: 8, total: 80 };
    let strikes = |every, from: u64, to: u64| -> Vec<u64> {
        let mut cadence = Cadence::new(Span::new(every, extent), at(from, 0.0));
        (from + 1..=to).filter(|&step| cadence.strikes(at(step, 0.0))).collect()
    };
    assert_eq!(strikes(Every::Epochs(1.0), 0, 25), [8, 16, 24]);
    assert_eq!(strikes(Every::Epochs(0.25), 0, 7), [2, 4, 6]);
    assert_eq!(strikes(Every::Steps(3), 0, 10), [3, 6, 9]);
    assert_eq!(strikes(Every::Steps(3), 4, 10), [6, 9]);
    assert_eq!(strikes(Every::Steps(3), 6, 10), [9]);
}

#[test]
fn a_cadence_by_the_clock_strikes_when_its_time_has_passed() {
    let mut cadence = Cadence::new(Span::Seconds(10.0), at(0, 0.0));
    let times = [1.0, 9.9, 10.5, 15.0, 20.4, 20.6];
    let struck: Vec<f64> = times.into_iter().filter(|&time| cadence.strikes(at(1, time))).collect();
    assert_eq!(struck, [10.5, 20.6]);
}

#[test]
fn the_best_value_is_the_first_of_the_best() {
    let cases: [(bool, &[f64], Option<u64>); 5] = [
        (false, &[0.5, 0.4, 0.4, 0.6], Some(2)),
        (true, &[0.5, 0.4, 0.5, 0.6], Some(4)),
        (false, &[f64::NAN, 3.0, f64::NAN], Some(2)),
        (true, &[f64::NAN], None),
        (false, &[f64::INFINITY, 2.0], Some(2)),
    ];
    for (rising, values, expected) in cases {
        let mut best = Best::default();
        for (step, &value) in (1..).zip(values) {
            best.improve(value, rising, at(step, 0.0));
        }
        assert_eq!(best.value.map(|_| best.at.step), expected, "{values:?}");
    }
}

#[test]
fn patience_ends_after_its_span_without_anything_better() {
    let mut best = Best::default();
    let patience = Span::new(Every::Epochs(3.0), Extent { epoch: 10, total: 1000 });
    assert!(!best.is_stale(patience, at(29, 0.0)), "nothing has been seen yet, and it counts from the start");
    best.improve(1.0, false, at(10, 0.0));
    assert!(!best.is_stale(patience, at(39, 0.0)));
    assert!(best.is_stale(patience, at(40, 0.0)));
}

#[test]
fn a_limiter_lets_through_one_in_its_time() {
    let ms = Duration::from_millis;
    let mut limiter = Limiter::new(ms(100), ms(0));
    let through: Vec<u64> = (0..400).step_by(30).filter(|&now| limiter.lets_through(ms(now))).collect();
    assert_eq!(through, [120, 240, 360]);
}
