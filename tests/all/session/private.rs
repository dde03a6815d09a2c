//! Private runs: that they spend what they say, go on where they stopped, and keep their secret.

use super::*;
use dlmc::session::accountant::Account;
use dlmc::session::artifact::Artifact;
use dlmc::session::privacy::Guarantee;

/// 60 points of three kinds, without anything that is fitted to them.
fn text(batch: &str, privacy: &str) -> String {
    let text = points().replace("= b |> standardize", "= b / 100").replace("= a |> standardize", "= a");
    let text = text.replace("  |> dropout(20%)\n", "").replace("keep:      best(val.loss)\n", "");
    let (head, tail) = text.split_once("batch:     8").unwrap();
    format!(
        "{head}{batch}{}",
        tail.replace("20 epochs", "8 epochs").replace("seed:      3", &format!("seed: 3\n  {privacy}"))
    )
}

const KNOWN: &str = "privacy {\n    method: dp_sgd(clip: 1.0)\n    budget: epsilon(4, delta: 1e-3)\n    seed: 5\n  }";

fn secret() -> String {
    KNOWN.replace("    seed: 5\n", "")
}

fn artifact(outcome: &Outcome) -> Artifact {
    Artifact::read(outcome.artifact.as_ref().unwrap()).unwrap()
}

fn guarantee(outcome: &Outcome) -> Guarantee {
    artifact(outcome).document.training.privacy.expect("a private run")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, to).unwrap();
        }
    }
}

#[test]
fn a_run_spends_its_budget_and_says_so() {
    let bench = Bench::new(&text("batch: 9", KNOWN)).slow();
    let (outcome, events) = bench.run();
    let found = guarantee(&outcome);
    // 36 rows for training, four updates in each of eight epochs.
    assert_eq!((found.updates, found.rate, found.clip, found.delta), (32, 0.25, 1.0, 1e-3));
    assert!(found.epsilon <= 4.0 && found.epsilon > 3.999, "{found:?}");
    assert!(!found.secret);
    assert_eq!(start(&events).privacy.as_ref(), Some(&found));
    assert_eq!(outcome.end.privacy.as_ref(), Some(&found));
    let account = Account::new(found.noise, found.rate);
    let spent = events.iter().filter_map(|event| match event {
        Event::Epoch(epoch) => Some((epoch.step, epoch.epsilon.unwrap())),
        _ => None,
    });
    let spent: Vec<(u64, f64)> = spent.collect();
    assert_eq!(spent.len(), 8);
    for (step, epsilon) in spent {
        assert_eq!(epsilon, account.epsilon(step, 1e-3), "{step}");
    }
    assert_logged(&outcome, &events);
}

#[test]
fn a_run_that_ends_early_has_spent_less() {
    let text = text("batch: 9\n  at_most: 1s", KNOWN);
    let bench = Bench::new(&text).slow();
    let (outcome, _) = bench.run();
    let found = guarantee(&outcome);
    assert_eq!(outcome.end.reason, Reason::Time);
    assert!(found.updates < 10 && found.updates == outcome.end.step);
    assert_eq!(found.epsilon, Account::new(found.noise, found.rate).epsilon(found.updates, 1e-3));
    assert!(found.epsilon < 3.0, "{found:?}");
}

#[test]
fn a_private_run_goes_on_bit_for_bit() {
    let text = text("batch: 9", KNOWN);
    let held = Bench::new(&text).slow();
    let (whole, told) = held.run();
    for at in [1, 6, 31] {
        let bench = Bench::new(&text).slow();
        let (first, mut events) = bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, at));
        assert_eq!(first.unwrap().end.step, at);
        let (second, more) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
        let second = second.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
        events.extend(more);
        assert_eq!(losses(&events), losses(&told), "{at}");
        let read = |outcome: &Outcome| std::fs::read(outcome.artifact.as_ref().unwrap()).unwrap();
        assert!(read(&second) == read(&whole), "{at}");
    }
}

/// Nobody knows the seed of the noise but the checkpoint, and a run goes on with it.
#[test]
fn a_secret_is_kept() {
    let text = text("batch: 9", &secret());
    let bench = Bench::new(&text).slow();
    let (one, other) = (bench.folder.path().join("one"), bench.folder.path().join("other"));
    let (first, _) = bench.try_run(Place::At(&one), |event| is_step(event, 6));
    let checkpoint = Artifact::read(&first.unwrap().checkpoint.unwrap()).unwrap();
    let secret = checkpoint.document.progress.unwrap().noise.expect("a seed");
    copy(&one, &other);
    let again = |place: &Path| bench.try_run(Place::ResumeAt(place), |_| false).0.unwrap();
    let (one, other) = (again(&one), again(&other));
    assert!(artifact(&one).tensors == artifact(&other).tensors);
    assert!(guarantee(&one).secret);
    for file in [one.artifact.clone().unwrap(), one.folder.join("log.jsonl")] {
        let bytes = std::fs::read(&file).unwrap();
        let digits = secret.to_string().into_bytes();
        assert!(!bytes.windows(digits.len()).any(|it| it == digits), "{}", file.display());
    }
    let fresh = Bench::new(&text);
    let (another, _) = fresh.run();
    assert!(artifact(&one).tensors != artifact(&another).tensors, "each run has a secret of its own");
}

/// An update is over as many passes as it needs: what is drawn, and the noise, are the same.
#[test]
fn several_passes_take_the_course_of_one() {
    let run = |batch: &str, backend| {
        let bench = Bench::new(&text(batch, KNOWN)).on(backend);
        let (outcome, told) = bench.run();
        (guarantee(&outcome), artifact(&outcome), told)
    };
    let (spent, one, told) = run("batch: 12", Backend::Native);
    for backend in Backend::ALL {
        let (also_spent, several, also) = run("batch: 3\n  accumulate: 4 batches", backend);
        for ((_, one), (_, several)) in losses(&told).into_iter().zip(losses(&also)) {
            assert!((one - several).abs() < 1e-3 * one.abs(), "{one} {several}");
        }
        assert_eq!(spent, also_spent);
        for (name, array) in &one.tensors {
            for (a, b) in array.floats().iter().zip(several.tensors[name].floats()) {
                assert!((a - b).abs() < 2e-3 * (1.0 + a.abs()), "{name}: {a} {b} on {backend:?}");
            }
        }
    }
}

/// Of so few that some updates draw nobody, and of all.
#[test]
fn an_update_may_draw_nobody_or_all() {
    let (outcome, events) = Bench::new(&text("batch: 1", KNOWN)).slow().run();
    assert_eq!(outcome.end.step, 8 * 36);
    let steps = events.iter().filter(|event| matches!(event, Event::Step(_))).count();
    assert!(steps > 130 && steps < 230, "{steps} of 288 steps have an example");
    assert!(losses(&events).iter().all(|(_, loss)| loss.is_finite()));
    let bench = Bench::new(&text("batch: all", KNOWN));
    let (outcome, _) = bench.run();
    let found = guarantee(&outcome);
    assert_eq!((found.rate, found.updates), (1.0, 8));
    assert!((found.epsilon - 4.0).abs() < 1e-3);
}

#[test]
fn all_checkpoints_are_of_the_size_that_was_foreseen() {
    let text = text("batch: 9\n  checkpoint: every(5 steps, keep: 9)", &secret());
    let (_, events) = Bench::new(&text).run();
    let sizes: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Checkpoint { bytes, .. } => Some(*bytes),
            _ => None,
        })
        .collect();
    assert!(sizes.len() > 5 && sizes.iter().all(|it| *it == sizes[0]), "{sizes:?}");
}
