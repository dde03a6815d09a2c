//! Parts that are frozen for a while: nothing of them moves before its time, and nothing tells an interrupted run from a
//! whole one.

use super::*;
use dlmc::compile::cost;
use dlmc::ide::{Look, look};
use dlmc::model::program::{Pace, Share};
use dlmc::session::artifact::{Artifact, Progress};
use dlmc::session::container::unpack;
use dlmc::tensor::{Array, Clock};

/// Five updates in an epoch, of 8 examples and one of 4; twenty in all. A checkpoint after each.
fn text(lines: &str) -> String {
    let model = "concat(a, b)
  |> dense(6, relu) as stem
  |> batch_norm     as norm
  |> dropout(20%)
  |> dense(5, tanh) as body
  |> dense(3)       as out";
    let text = points();
    let (head, rest) = text.split_once("concat(a, b)").unwrap();
    let (_, tail) = rest.split_once("as out").unwrap();
    let lines = format!("seed: 3\n  checkpoint: every(1 step, keep: 100)\n  {lines}\n");
    format!("{head}{model}{tail}").replace("20 epochs", "4 epochs").replace("seed:      3\n", &lines)
}

/// All tensors after each step, from 1.
fn course(bench: &Bench) -> Vec<Artifact> {
    let (outcome, _) = bench.run();
    let step = |at| Artifact::read(&outcome.folder.join(format!("checkpoints/step-{at}.dlmx"))).unwrap();
    (1..=outcome.end.step).map(step).collect()
}

fn bits(array: &Array) -> Vec<u32> {
    array.floats().iter().map(|it| it.to_bits()).collect()
}

/// Which tensors of a part differ between two steps.
fn moved<'a>(part: &str, before: &'a Artifact, after: &Artifact) -> Vec<&'a str> {
    let own = before.tensors.iter().filter(|(name, _)| name.contains(&format!("{part}.")) && !name.contains('/'));
    own.filter(|(name, array)| bits(array) != bits(&after.tensors[*name])).map(|(name, _)| &**name).collect()
}

#[test]
fn nothing_of_a_part_moves_before_its_time_and_all_of_it_after() {
    for until in ["2 epochs", "10 steps", "50%"] {
        for backend in Backend::ALL {
            let bench = Bench::new(&text(&format!("freeze stem, norm until {until}"))).on(backend);
            let steps = course(&bench);
            assert_eq!(steps.len(), 20);
            for (part, tensors) in [("stem", 6), ("norm", 8)] {
                let of = |step: &Artifact| step.tensors.keys().filter(|it| it.contains(&format!("{part}."))).count();
                assert!(of(&steps[0]) >= tensors, "{:?}", steps[0].tensors.keys());
                for step in 2..=10 {
                    let moved = moved(part, &steps[step - 2], &steps[step - 1]);
                    assert!(moved.is_empty(), "{until} on {backend:?}: {moved:?} in step {step}");
                }
                let all = moved(part, &steps[9], &steps[10]);
                assert!(all.len() >= tensors, "{until} on {backend:?}: only {all:?}");
                let zero = |(name, array): (&String, &Array)| {
                    !name.contains(" of ") || array.floats().iter().all(|it| it.to_bits() == 0)
                };
                assert!(steps[9].tensors.iter().filter(|it| it.0.contains(&format!("{part}."))).all(zero));
            }
            assert_eq!(moved("body", &steps[0], &steps[1]).len(), 6);
        }
    }
}

/// Until its time it is as if the part were frozen for good.
#[test]
fn the_first_phase_is_the_run_in_which_the_part_is_frozen() {
    let (until, good) = (text("freeze stem, norm until 2 epochs"), text("freeze stem, norm"));
    for backend in Backend::ALL {
        let [until, good] = [&until, &good].map(|text| course(&Bench::new(text).on(backend)));
        for (step, (until, good)) in until.iter().zip(&good).enumerate().take(10) {
            for (name, array) in &good.tensors {
                assert_eq!(bits(array), bits(&until.tensors[name]), "{name} after step {}", step + 1);
            }
        }
        assert!(!moved("body", &until[10], &good[10]).is_empty());
    }
}

/// Two parts with times of their own: three phases.
#[test]
fn each_part_has_its_time() {
    let bench =
        Bench::new(&text("freeze stem until 1 epoch\n  freeze norm until 12 steps\n  freeze body.b until 1 epoch"));
    let steps = course(&bench);
    let first = |part: &str| (2..=20).find(|&step| !moved(part, &steps[step - 2], &steps[step - 1]).is_empty());
    assert_eq!((first("stem"), first("norm"), first("out")), (Some(6), Some(13), Some(2)));
    let (_, events) = bench.run();
    let thaws: Vec<(u64, Vec<String>)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Thaw { step, parts } => Some((*step, parts.clone())),
            _ => None,
        })
        .collect();
    let words = |words: &[&str]| words.iter().map(|it| it.to_string()).collect::<Vec<_>>();
    assert_eq!(thaws, [(5, words(&["stem", "body.b"])), (12, words(&["norm"]))]);
}

/// What a parameter that was frozen gets in its first update is what it would have got in the first of the run: an
/// optimizer that counts begins to count then.
#[test]
fn an_optimizer_counts_the_updates_of_each_parameter() {
    let part = |lines: &str| text(lines).replace("|> dropout(20%)\n", "");
    let (late, free) = (Bench::new(&part("freeze stem until 10 steps")), Bench::new(&part("")));
    let pace = Pace { batch: 4, epoch: 5, total: 20 };
    let (late, free) = (&late.checked.programs[0], &free.checked.programs[0]);
    let feeds = [
        Array::f32(&[4, 1], vec![0.5, -1.0, 2.0, 0.25]),
        Array::f32(&[4, 1], vec![1.5, 0.0, -0.5, 1.0]),
        Array::i32(&[4], vec![0, 1, 2, 1]),
    ];
    let feeds: Vec<&Array> = feeds.iter().collect();
    let stem: Vec<usize> = (0..late.states.len()).filter(|&at| late.states[at].path.contains("stem.")).collect();
    assert_eq!(stem.len(), 6);
    for backend in Backend::ALL {
        let start = || dlmc::compile::executor(&free.initial(), backend).run(&mut [], &[], Clock { seed: 1, step: 0 });
        let after = |function, step| {
            let mut states = start();
            dlmc::compile::executor(&function, backend).run(&mut states, &feeds, Clock { seed: 1, step });
            states
        };
        let (first, thawed) = (after(free.step(pace), 1), after(late.step_after(pace, 10, Share::Whole), 11));
        for &at in &stem {
            assert_eq!(bits(&first[at]), bits(&thawed[at]), "{} on {backend:?}", late.states[at].path);
        }
        // The others go on counting.
        let out = late.states.iter().position(|it| it.path == "out.w").unwrap();
        assert_ne!(bits(&first[out]), bits(&thawed[out]));
    }
}

#[test]
fn a_run_that_is_interrupted_anywhere_thaws_all_the_same() {
    let text = text("freeze stem, norm until 2 epochs").replace("checkpoint: every(1 step, keep: 100)", "");
    for backend in Backend::ALL {
        let undisturbed = Bench::new(&text).slow().on(backend);
        let (whole, told) = undisturbed.run();
        let bytes = |outcome: &Outcome| std::fs::read(outcome.artifact.as_ref().unwrap()).unwrap();
        for at in [1, 9, 10, 11, 15] {
            let bench = Bench::new(&text).slow().on(backend);
            let (_, mut events) = bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, at));
            let (outcome, more) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
            let outcome = outcome.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
            events.extend(more);
            assert_eq!(losses(&events), losses(&told), "interrupted after step {at}");
            assert_eq!(bytes(&outcome), bytes(&whole), "interrupted after step {at} on {backend:?}");
            let thaws = events.iter().filter(|event| matches!(event, Event::Thaw { step: 10, .. })).count();
            assert_eq!(thaws, 1, "interrupted after step {at}");
            assert_logged(&outcome, &events);
        }
    }
}

/// The largest of the phases counts, wherever a run stands.
#[test]
fn check_foretells_a_run_of_several_phases() {
    let text = text("freeze stem, norm until 2 epochs");
    let report = |text: &str| {
        let world = Memory::default().with("it.dlm", text);
        look(&world, Path::new("it.dlm"), None, &[], Look::Rows).expect("in memory").trains.remove(0)
    };
    let train = report(&text);
    let footprint = train.footprint.expect("the rows are known");
    let thaws: Vec<(u64, &[String])> = train.thaws.iter().map(|it| (it.after, &it.parts[..])).collect();
    assert_eq!(thaws, [(10, &["stem".to_string(), "norm".to_string()][..])]);
    let bench = Bench::new(&text).slow();
    let start = |events: &[Event]| match &events[0] {
        Event::Start(start) => start.clone(),
        other => panic!("{other:?}"),
    };
    let (_, events) = bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, 12));
    let (_, resumed) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
    for start in [start(&events), start(&resumed)] {
        assert_eq!((start.step_flops, start.peak_bytes), (Some(footprint.step_flops), Some(footprint.peak_bytes)));
        assert_eq!((start.resident_bytes, start.steps), (footprint.resident_bytes, 20));
    }
    let frozen = report(&text.replace(" until 2 epochs", "")).footprint.unwrap();
    let last = cost(&bench.checked.programs[0].step_after(Pace { batch: 8, epoch: 5, total: 20 }, 10, Share::Whole));
    assert_eq!((footprint.step_flops, footprint.peak_bytes), (last.flops, last.peak));
    assert!(frozen.step_flops < last.flops, "{frozen:?} {last:?}");
}

/// A step that goes wrong right after the thaw leaves what was before it.
#[test]
fn the_way_back_ends_where_a_part_thaws() {
    let lines = "freeze out until 10 steps\n  lr 1e39x on out";
    let bench = Bench::new(&text(lines).replace("adam(lr: 0.02)", "sgd(lr: 0.02)"));
    let failure = bench.fail();
    assert_eq!(failure.problems[0].code, "loss-not-finite");
    let folder = std::fs::read_dir(bench.folder.path()).unwrap().next().unwrap().unwrap().path();
    let broken = std::fs::read(folder.join("checkpoints/before-not-finite.dlmx"));
    let broken = unpack(&broken.expect("what was there before")).unwrap();
    let progress: Progress = serde_json::from_value(broken.document["progress"].clone()).unwrap();
    let at = progress.at.step;
    assert_eq!(at, 11);
    let kept = Artifact::read(&folder.join(format!("checkpoints/step-{at}.dlmx"))).unwrap();
    for (name, array) in &broken.tensors {
        assert_eq!(bits(array), bits(&kept.tensors[name]), "{name}");
    }
}
