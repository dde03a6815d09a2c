//! Searches over settings: what is tried, what is found, and that a search that was interrupted finds the same.

use std::collections::BTreeSet;

use dlmc::compile::TunePlan;
use dlmc::session::tune::median::is_hopeless;
use dlmc::session::tune::points::points;
use dlmc::session::tune::{self, End, Event as Told, Found, Reason as Over, State, Trial};

use super::*;

/// A program with this `tune` block.
fn searched(text: &str, tune: &str) -> Bench {
    Bench::new(&format!("{text}\ntune {{\n{tune}\n}}\n"))
}

impl Bench {
    fn plan(&self) -> &TunePlan {
        &self.checked.tunes[0]
    }

    fn search(&self) -> (Found, Vec<Told>) {
        let (found, told) = self.try_search(Place::At(&self.folder.path().join("it")), |_| false);
        (found.unwrap_or_else(|failure| panic!("{:#?}", failure.problems)), told)
    }

    fn try_search(&self, place: Place, enough: impl Fn(&Told) -> bool) -> (Result<Found, Failure>, Vec<Told>) {
        let ticks = Ticks::of(self.tick);
        let request = self.request(place, &ticks);
        let (mut events, stop) = (vec![], AtomicBool::new(false));
        let found = tune::search(
            &request,
            self.plan(),
            &mut |event| {
                stop.fetch_or(enough(event), Ordering::Relaxed);
                events.push(event.clone());
            },
            &stop,
        );
        (found, events)
    }
}

fn trials(told: &[Told]) -> Vec<Trial> {
    let of = |event: &Told| match event {
        Told::Trial(trial) => Some(trial.clone()),
        _ => None,
    };
    told.iter().filter_map(of).collect()
}

/// Of each trial all but its time.
fn timeless(trials: &[Trial]) -> Vec<Trial> {
    trials.iter().map(|it| Trial { seconds: 0.0, folder: String::new(), ..it.clone() }).collect()
}

fn values(told: &[Told], path: &str) -> Vec<String> {
    trials(told).iter().map(|it| it.values[path].clone()).collect()
}

fn artifact(found: &Found) -> Vec<u8> {
    std::fs::read(found.folder.join("model.dlmx")).expect("an artifact")
}

/// The loss is the square of how far the only parameter is from 3 after one step of gradient descent from 0 at rate `lr`:
/// (3 - 6 lr)², whose least value is 0 at 0.5.
const PARABOLA: &str = "dlm 1

data one {
  source: table {
    | x | y |
    | 1 | 3 |
  }
  input  x: number
  target y: number
}

model line on x: number -> number {
  param w: f32[1] ~ 0
  w * x
}

train {
  model:     line
  data:      one
  loss:      mse
  optimizer: gradient_descent(lr: 0.1)
  batch:     all
  for:       1 step
}
";

#[test]
fn the_best_of_a_search_is_near_the_best_there_is() {
    let tune = "optimizer.lr: 0.01 .. 0.99\nobjective: minimize(train.loss)\nbudget: 40 trials";
    let (found, told) = searched(PARABOLA, tune).search();
    let End { reason, done, stopped, failed, best, spread, .. } = found.end.clone();
    assert_eq!((reason, done, stopped, failed), (Over::Done, 40, 0, 0));
    let best = best.expect("a best one");
    let lr: f64 = best.values["train.optimizer.lr"].parse().expect("a number");
    assert!((lr - 0.5).abs() < 0.03, "{lr}");
    assert!((best.objective - (3.0 - 6.0 * lr).powi(2)).abs() < 1e-4, "{best:?}");
    for trial in trials(&told) {
        let lr: f64 = trial.values["train.optimizer.lr"].parse().expect("a number");
        let (is, should) = (trial.objective.expect("a number"), (3.0 - 6.0 * lr).powi(2));
        assert!((is - should).abs() < 1e-4 * should.max(1.0), "{lr}: {is} {should}");
        assert!(is >= best.objective && is <= spread.expect("some").worst, "{trial:?}");
    }
    let of: BTreeSet<String> = values(&told, "train.optimizer.lr").into_iter().collect();
    assert_eq!(of.len(), 40, "no two trials are the same");
}

#[test]
fn all_of_few_values_are_tried_once() {
    let tune = "optimizer.lr: choice(0.1, 0.2, 0.5)\nfor: 1 step .. 2 steps\n\
                objective: minimize(train.loss)\nbudget: 100 trials";
    let (found, told) = searched(PARABOLA, tune).search();
    assert_eq!(found.end.done, 6);
    let pairs: BTreeSet<(String, String)> =
        values(&told, "train.optimizer.lr").into_iter().zip(values(&told, "train.for")).collect();
    assert_eq!(pairs.len(), 6, "{pairs:?}");
    assert!(pairs.contains(&("0.5".to_string(), "2 steps".to_string())), "{pairs:?}");
}

/// A plan for a search that varies these settings, none of which does anything.
fn varied(keys: &str, seed: u64) -> TunePlan {
    let lets = ["a: int", "b: real", "c: real"].map(|it| format!("let {it} = 1\n")).concat();
    let text = PARABOLA.replace("data one", &format!("{lets}data one"));
    let tune = format!("{keys}\nobjective: minimize(train.loss)\nbudget: 64 trials\nseed: {seed}");
    searched(&text, &tune).plan().clone()
}

#[test]
fn what_is_tried_depends_on_the_seed_and_the_number_alone_and_fills_the_ranges() {
    let keys = "a: 1 .. 1000\nb: log(1e-4 .. 1)\nc: 0 .. 1";
    let plan = varied(keys, 0);
    let all = points(&plan);
    assert_eq!(all.len(), 64);
    assert_eq!(all[..10], points(&TunePlan { trials: 10, ..plan.clone() })[..]);
    assert_ne!(all, points(&varied(keys, 1)));
    for (at, order) in [false, true, false].into_iter().enumerate() {
        let share = |text: &String| {
            let number: f64 = text.parse().expect("a number");
            assert!(at > 0 || number.fract() == 0.0, "{number} of a whole range");
            let least = [1.0, 1e-4, 0.0][at];
            assert!((least..=[1000.0, 1.0, 1.0][at]).contains(&number), "{number}");
            if order { 1.0 + number.log10() / 4.0 } else { (number - least) / [1000.0, 1.0, 1.0][at] }
        };
        // In each eighth of a range there is about an eighth of the trials.
        let mut eighths = [0; 8];
        all.iter().for_each(|point| eighths[((share(&point[at]) * 8.0) as usize).min(7)] += 1);
        assert!(eighths.iter().all(|n| (5..=11).contains(n)), "{at}: {eighths:?}");
    }
}

/// Points in a plane, with one setting that matters and one that does not.
fn wide(budget: &str) -> Bench {
    let text = super::points().replace("for:       20 epochs", "for: 4 epochs");
    let keys = "optimizer.lr: log(1e-4 .. 1e-1)\nhidden.units: 4 .. 12";
    searched(&text, &format!("{keys}\nobjective: maximize(val.accuracy)\nbudget: {budget}\nprune: none"))
}

#[test]
fn an_interrupted_search_goes_on_bit_for_bit() {
    let bench = wide("4 trials").slow();
    let (whole, told) = bench.search();
    let expected = timeless(&trials(&told));
    assert_eq!(expected.len(), 4);
    // Within the second trial, at the beginning of the third, and twice.
    let within = |event: &Told| matches!(event, Told::Step { trial: 2, step, .. } if *step >= 7);
    let begin = |event: &Told| matches!(event, Told::Begin { trial: 3, .. });
    for enough in [&[&within as &dyn Fn(&Told) -> bool][..], &[&begin], &[&within, &begin]] {
        let bench = wide("4 trials").slow();
        let folder = bench.folder.path().join("it");
        let mut place = Place::At(&folder);
        for enough in enough {
            let (found, _) = bench.try_search(place, enough);
            let found = found.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
            assert_eq!(found.end.reason, Over::Interrupted);
            assert!(!folder.join("model.dlmx").exists());
            place = Place::ResumeAt(&folder);
        }
        let (found, told) = bench.try_search(place, |_| false);
        let found = found.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
        assert_eq!(timeless(&trials(&told)), expected);
        assert_eq!(artifact(&found), artifact(&whole));
        for trial in 1..=4 {
            let of = |found: &Found| std::fs::read(found.folder.join(format!("trials/{trial}/model.dlmx"))).unwrap();
            assert_eq!(of(&found), of(&whole), "trial {trial}");
        }
    }
}

#[test]
fn a_search_goes_on_with_more_trials_and_only_as_what_it_was() {
    let few = wide("2 trials");
    let folder = few.folder.path().join("it");
    few.search();
    let (more, told) = wide("4 trials").search();
    let go_on = |bench: &Bench| bench.try_search(Place::ResumeAt(&folder), |_| false);
    // The text of the program is another one.
    let problem = go_on(&wide("4 trials")).0.unwrap_err().problems.remove(0);
    assert_eq!(problem.code, "resume-changed");
    let text = |bench: &Bench| bench.checked.sources[bench.checked.file].text.to_string();
    let longer = Bench::set(&text(&few), &[("tune.budget", "4 trials")]);
    let (found, again) = go_on(&longer);
    found.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
    // All its trials are over, and the best is chosen.
    assert_eq!(go_on(&longer).0.unwrap_err().problems[0].code, "nothing-to-resume");
    let strip = |told: &[Told]| trials(told).into_iter().map(|it| (it.values, it.objective)).collect::<Vec<_>>();
    assert_eq!(strip(&again), strip(&told));
    assert_eq!(more.end.done, 4);
    let other = Bench::set(&text(&few), &[("tune.seed", "1")]);
    assert_eq!(go_on(&other).0.unwrap_err().problems[0].code, "resume-changed");
    assert_eq!(go_on(&longer.on(Backend::Kernels)).0.unwrap_err().problems[0].code, "resume-changed");
}

#[test]
fn the_artifact_is_the_one_that_a_run_with_the_best_values_writes() {
    let bench = wide("3 trials");
    let (found, _) = bench.search();
    let best = found.end.best.clone().expect("a best one");
    assert!(best.test.contains_key("accuracy"));
    let of = |path: &str| std::fs::read(found.folder.join(path)).expect("an artifact");
    let trial = of(&format!("trials/{}/model.dlmx", best.trial));
    let document = String::from_utf8_lossy(&trial).into_owned();
    assert!(!document.contains("\"test\":{"), "a trial has not seen the test split");
    let text = bench.checked.sources[bench.checked.file].text.to_string();
    let set: Vec<(&str, &str)> = best.values.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
    let again = Bench::set(&text, &set);
    let (outcome, _) = again.run();
    assert_eq!(std::fs::read(outcome.artifact.expect("an artifact")).unwrap(), artifact(&found));
}

#[test]
fn a_trial_that_fails_is_told_and_the_search_goes_on() {
    let tune = "optimizer.lr: choice(1e38, 0.1, 0.5)\nfor: choice(1 step, 20 steps)\n\
                objective: minimize(train.loss)\nbudget: 6 trials";
    let (found, told) = searched(PARABOLA, tune).search();
    assert_eq!(found.end.done + found.end.failed, 6);
    assert!(found.end.failed >= 1, "{told:#?}");
    for trial in trials(&told) {
        let problem = trial.problem.as_ref().map(|it| it.code.as_str());
        match trial.state {
            State::Failed => {
                assert_eq!(trial.values["train.optimizer.lr"], "1e38");
                assert!(["loss-not-finite", "weights-not-finite", "objective-not-finite"].contains(&problem.unwrap()));
            }
            _ => assert_eq!(problem, None),
        }
    }
    assert_eq!(found.end.best.expect("a best one").values["train.optimizer.lr"], "0.5");
}

#[test]
fn values_that_do_not_fit_together_fail_alone() {
    let text = PARABOLA
        .replace("data one", "let a: int = 1\nlet b: int = 1\ndata one")
        .replace("  param w: f32[1] ~ 0\n  w * x", "  param w: f32[1] ~ 0\n  require a + b < 4, \"too much\"\n  w * x");
    let bench = searched(&text, "a: choice(1, 2)\nb: choice(1, 2)\nobjective: minimize(train.loss)\nbudget: 4 trials");
    let (found, told) = bench.search();
    assert_eq!((found.end.done, found.end.failed), (3, 1));
    let failed: Vec<Trial> = trials(&told).into_iter().filter(|it| it.state == State::Failed).collect();
    assert_eq!((&*failed[0].values["a"], &*failed[0].values["b"]), ("2", "2"));
    assert_eq!(failed[0].problem.as_ref().unwrap().code, "requirement-unmet");
}

#[test]
fn a_search_in_which_nothing_runs_fails() {
    let tune = "optimizer.lr: 1e30 .. 1e35\nobjective: minimize(train.loss)\nbudget: 2 trials";
    let bench = searched(&PARABOLA.replace("1 step", "9 steps"), tune);
    let (found, _) = bench.try_search(Place::At(&bench.folder.path().join("it")), |_| false);
    let failure = found.unwrap_err();
    assert_eq!((failure.cause, failure.problems[0].code), (session::Cause::Run, "no-trial-left"));
}

#[test]
fn what_is_searched_is_not_set() {
    let tune = "tune {\ntrain.optimizer: choice(adam(lr: 0.1), sgd(lr: 0.1))\nobjective: minimize(train.loss)\n\
                budget: 2 trials\n}";
    let text = format!("{PARABOLA}\n{tune}\n");
    for set in [("optimizer.lr", "0.2"), ("train.optimizer", "adam")] {
        let bench = Bench::set(&text, &[set]);
        let failure = bench.try_search(Place::At(&bench.folder.path().join("it")), |_| false).0.unwrap_err();
        assert_eq!((failure.cause, failure.problems[0].code), (session::Cause::Program, "tuned-and-set"));
    }
    assert_eq!(Bench::set(&text, &[("train.for", "2 steps")]).search().0.end.done, 2);
}

#[test]
fn an_objective_on_a_split_without_examples_is_told_before_anything_is_written() {
    let bench = searched(PARABOLA, "optimizer.lr: 0.1 .. 0.2\nobjective: minimize(val.loss)\nbudget: 2 trials");
    let folder = bench.folder.path().join("it");
    let failure = bench.try_search(Place::At(&folder), |_| false).0.unwrap_err();
    assert_eq!((failure.cause, failure.problems[0].code), (session::Cause::Program, "nothing-to-watch"));
    assert!(!folder.exists());
}

#[test]
fn a_search_ends_by_the_clock_and_can_go_on() {
    let text = wide("4 trials").checked;
    let text = text.sources[text.file].text.replace("prune: none", "prune: none\nat_most: 20s");
    let bench = Bench::new(&text).slow();
    let folder = bench.folder.path().join("it");
    let (found, told) = bench.try_search(Place::At(&folder), |_| false);
    let found = found.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
    assert_eq!(found.end.reason, Over::Time);
    let over = trials(&told).len();
    assert!(over < 4, "{over}");
    let longer = Bench::set(&text, &[("tune.at_most", "1h")]).slow();
    let (found, told) = longer.try_search(Place::ResumeAt(&folder), |_| false);
    assert_eq!((found.expect("it goes on").end.reason, trials(&told).len()), (Over::Done, 4));
}

#[test]
fn trials_that_are_worse_than_most_are_ended_early() {
    // A rate of next to nothing learns nothing in ten epochs.
    let text = super::points().replace("for:       20 epochs", "for: 10 epochs");
    let tune = "optimizer.lr: choice(0.01, 0.02, 0.03, 0.04, 0.05, 1e-9, 2e-9, 3e-9)\n\
                objective: minimize(val.loss)\nbudget: 8 trials";
    let bench = searched(&text, tune);
    let (found, told) = bench.search();
    let stopped: Vec<Trial> = trials(&told).into_iter().filter(|it| it.state == State::Stopped).collect();
    assert!(!stopped.is_empty() && stopped.iter().all(|it| it.trial > 5 && it.looks.len() < 10), "{told:#?}");
    assert_eq!((found.end.stopped as usize, found.end.done as usize), (stopped.len(), 8 - stopped.len()));
    for trial in &stopped {
        let folder = found.folder.join(format!("trials/{}", trial.trial));
        assert!(folder.join("checkpoints").exists() && !folder.join("model.dlmx").exists());
    }
    let (all, _) = searched(&text, &format!("{tune}\nprune: none")).search();
    assert_eq!((all.end.stopped, all.end.done), (0, 8));
    assert_eq!(all.end.best.expect("one").values, found.end.best.expect("one").values);
}

#[test]
fn the_median_rule_is_that_of_its_paper() {
    let trial = |looks: &[f64]| Trial {
        trial: 1,
        values: Default::default(),
        state: State::Done,
        objective: looks.last().copied(),
        looks: looks.iter().enumerate().map(|(at, value)| (at as f64 + 1.0, *value)).collect(),
        seconds: 0.0,
        folder: String::new(),
        data: None,
        problem: None,
    };
    // Their averages after two looks are 2, 3, 4, 5 and 6.
    let others: Vec<Trial> = [1.0, 2.0, 3.0, 4.0, 5.0].map(|it| trial(&[it + 2.0, it, 0.0])).to_vec();
    let looks = |values: &[f64]| trial(values).looks;
    assert!(is_hopeless(&looks(&[9.0, 4.1]), &others, false), "the best is above the median of the averages");
    assert!(!is_hopeless(&looks(&[4.0, 9.0]), &others, false), "the best so far counts, and equal is not worse");
    assert!(!is_hopeless(&looks(&[9.0, 4.1]), &others, true) && is_hopeless(&looks(&[3.9, 3.0]), &others, true));
    assert!(!is_hopeless(&looks(&[9.0, 9.0]), &others[..4], false), "too few have come to their end");
    let mut stopped = others.clone();
    stopped[0].state = State::Stopped;
    assert!(!is_hopeless(&looks(&[9.0, 9.0]), &stopped, false), "only those count");
    assert!(!is_hopeless(&[], &others, false));
}
