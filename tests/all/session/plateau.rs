//! A rate that becomes smaller where nothing becomes better: when, by how much, and as if it had never been interrupted.

use super::*;

/// Steps that are too long, so that the loss rises now and then. 36 training rows in batches of 8: five steps in an epoch.
fn text(schedule: &str) -> String {
    let text = points().replace("optimizer: adam(lr: 0.02)", "optimizer: sgd(lr: 1.5, momentum: 0.5)");
    text.replace("for:       20 epochs", &format!("for: 40 epochs\n  schedule: {schedule}"))
        .replace("keep:      best(val.loss)\n", "")
}

/// PyTorch's ReduceLROnPlateau in its mode `rel`, without cooldown: what the rate is multiplied by after each look.
fn reduced(values: &[f64], rising: bool, patience: usize, (factor, floor, threshold): (f64, f64, f64)) -> Vec<f64> {
    let (mut best, mut bad, mut rate) = (if rising { f64::NEG_INFINITY } else { f64::INFINITY }, 0, 1.0f64);
    let mut after = vec![];
    for &value in values {
        let better = match rising {
            true => value > best * (1.0 + threshold) || best.is_infinite(),
            false => value < best * (1.0 - threshold),
        };
        if better {
            (best, bad) = (value, 0);
        } else {
            bad += 1;
        }
        if bad > patience {
            (rate, bad) = ((rate * factor).max(floor), 0);
        }
        after.push(rate);
    }
    after
}

/// After each epoch, what the rate was multiplied by: as the events of rates say, and as the next step had it.
fn told(events: &[Event]) -> (Vec<f64>, Vec<f64>) {
    let (mut factor, mut said, mut had, mut looked) = (1.0, vec![], vec![], false);
    for event in events {
        match event {
            Event::Epoch(_) => {
                said.push(factor);
                looked = true;
            }
            Event::Rate { step, factor: now } => {
                assert!(*step == 5 * said.len() as u64 && *now < factor, "{event:?}");
                factor = *now;
                *said.last_mut().unwrap() = factor;
            }
            Event::Step(step) if looked => {
                had.push(step.lr / 1.5);
                looked = false;
            }
            _ => {}
        }
    }
    (said, had)
}

fn watched(events: &[Event], split: &str, metric: &str) -> Vec<f64> {
    let of = |event: &Event| match event {
        Event::Epoch(epoch) => {
            let metrics = if split == "val" { &epoch.val } else { &epoch.train };
            Some(metrics[metric].number().unwrap())
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

#[test]
fn the_rate_becomes_smaller_when_that_of_pytorch_does() {
    // Three epochs without anything better are PyTorch's patience of two: the third look is one too many.
    for (schedule, split, metric, patience, numbers) in [
        ("plateau(val.loss, 3 epochs)", "val", "loss", 2, (0.1, 0.0, 1e-4)),
        ("plateau(val.loss, 1 epoch, factor: 0.5x)", "val", "loss", 0, (0.5, 0.0, 1e-4)),
        ("plateau(val.loss, 10 steps, 0.5x, floor: 0.1x, threshold: 5%)", "val", "loss", 1, (0.5, 0.1, 0.05)),
        ("plateau(train.loss, 2 epochs, factor: 50%)", "train", "loss", 1, (0.5, 0.0, 1e-4)),
        ("plateau(val.accuracy, 4 epochs, factor: 0.5x, threshold: 0%)", "val", "accuracy", 3, (0.5, 0.0, 0.0)),
    ] {
        let bench = Bench::new(&text(schedule)).slow();
        let (_, events) = bench.run();
        let values = watched(&events, split, metric);
        let expected = reduced(&values, metric == "accuracy", patience, numbers);
        let (said, had) = told(&events);
        assert_eq!(said.len(), 40);
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6 * b);
        assert!(near(&said, &expected), "{schedule}: {values:?}\n{said:?}\n{expected:?}");
        assert!(near(&had, &expected), "{schedule}\n{had:?}\n{expected:?}");
        assert!(expected[39] < 0.3 && expected[0] == 1.0, "{schedule}: {expected:?}");
    }
}

#[test]
fn an_interrupted_run_goes_on_with_the_rate_that_it_had() {
    let text = text("plateau(val.loss, 2 epochs, factor: 0.5x)\n  checkpoint: every(7 steps)");
    let bytes = |outcome: &Outcome| std::fs::read(outcome.artifact.as_ref().unwrap()).unwrap();
    let rates = |events: &[Event]| -> Vec<Event> {
        events.iter().filter(|it| matches!(it, Event::Rate { .. })).cloned().collect()
    };
    let bench = Bench::new(&text).slow();
    let (outcome, all) = bench.run();
    let whole = bytes(&outcome);
    assert!(rates(&all).len() >= 3, "{:?}", rates(&all));
    let Event::Rate { step: second, .. } = rates(&all)[1] else { unreachable!("asked for") };
    for at in [3, second - 1, second, second + 1, 150] {
        let bench = Bench::new(&text).slow();
        let (first, mut events) = bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, at));
        assert_eq!(first.unwrap().end.reason, Reason::Interrupted);
        let (second, more) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
        let second = second.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
        events.extend(more);
        assert_eq!(rates(&events), rates(&all), "interrupted after step {at}");
        assert_eq!(bytes(&second), whole, "interrupted after step {at}");
    }
}

/// What the steps since the last copy of the states did, they do again, whatever rates they had.
#[test]
fn a_run_that_breaks_saves_what_was_there_before() {
    let text = text("plateau(val.loss, 1 epoch, factor: 0.9x)").replace("sgd(lr: 1.5", "sgd(lr: 1e18");
    let failure = Bench::new(&text).fail();
    assert_eq!(failure.problems[0].code, "loss-not-finite");
}

#[test]
fn where_nothing_is_measured_nothing_can_become_better() {
    let text = text("plateau(test.loss, 3 epochs)").replace("val: 20%, test: 20%", "val: 40%");
    let problem = Bench::new(&text).fail().problems.remove(0);
    assert_eq!((problem.code, &problem.message[..10]), ("nothing-to-watch", "`schedule`"));
}
