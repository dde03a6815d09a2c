//! Runs that are interrupted go on as if nothing had been.

use super::*;

/// A run that ends by patience or after six epochs, of five steps each.
fn text() -> String {
    points().replace("for:       20 epochs", "for: 6 epochs\n  stop: patience(val.loss, 4 epochs)")
}

fn bytes(outcome: &Outcome) -> Vec<u8> {
    std::fs::read(outcome.artifact.as_ref().unwrap()).unwrap()
}

#[test]
fn an_interrupted_run_goes_on_bit_for_bit() {
    let bench = Bench::new(&text()).slow();
    let (whole, told) = bench.run();
    // Right after the start, in the middle of an epoch, at its end, and before the last step.
    for at in [1, 4, 5, 12, 20, 29] {
        let bench = Bench::new(&text()).slow();
        let (first, mut events) = bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, at));
        let first = first.unwrap();
        assert_eq!((first.end.reason, first.end.step, &first.artifact), (Reason::Interrupted, at, &None));
        assert!(first.checkpoint.unwrap().exists());
        let (second, more) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
        let second = second.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
        assert_eq!(second.folder, first.folder);
        assert!(matches!(&more[0], Event::Start(start) if start.resumed == Some(at)));
        events.extend(more);
        assert_logged(&second, &events);
        assert_eq!(losses(&events), losses(&told), "interrupted after step {at}");
        assert_eq!(bytes(&second), bytes(&whole), "interrupted after step {at}");
    }
}

/// What is drawn for an image depends on the step, not on how one came there.
#[test]
fn varied_images_are_the_same_after_an_interruption() {
    // Three batches make an epoch.
    let of = || examples::example("mnist_lenet", &[("train.for", "5 steps")]).slow();
    let bench = of();
    let whole = bytes(&bench.run().0);
    for at in [1, 4] {
        let bench = of();
        let (first, _) = bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, at));
        assert_eq!(first.unwrap().end.step, at);
        let (second, _) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
        assert!(bytes(&second.unwrap()) == whole, "interrupted after step {at}");
    }
}

#[test]
fn a_run_can_be_interrupted_again_and_again() {
    let bench = Bench::new(&text()).slow();
    let (whole, _) = bench.run();
    let bench = Bench::new(&text()).slow();
    let place = bench.folder.path().join("mine");
    bench.try_run(Place::At(&place), |event| is_step(event, 1)).0.unwrap();
    for at in 2..9 {
        let (outcome, _) = bench.try_run(Place::ResumeAt(&place), |event| is_step(event, at));
        assert_eq!(outcome.unwrap().end.step, at);
    }
    let (outcome, _) = bench.try_run(Place::ResumeAt(&place), |_| false);
    assert_eq!(bytes(&outcome.unwrap()), bytes(&whole));
}

#[test]
fn a_run_goes_on_only_as_what_it_was() {
    let bench = Bench::new(&text()).slow();
    bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, 7)).0.unwrap();
    let refused = |changed: Bench| {
        let (outcome, _) = changed.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
        let failure = outcome.unwrap_err();
        (failure.cause, failure.problems[0].code, failure.problems[0].message.clone())
    };
    let program = refused(Bench::set(&text(), &[("lr", "0.01")]));
    let expected = "the program is not the one that the checkpoint was written by";
    assert_eq!(program, (session::Cause::Run, "resume-changed", expected.to_string()));
    let other = refused(Bench::new(&text().replace("hidden", "inner")));
    assert_eq!(other.2, expected);
}

#[test]
fn a_run_whose_data_has_changed_does_not_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("line.csv");
    let program = folder.path().join("line.dlm");
    let table = &LINE[LINE.find("table {").unwrap()..=LINE.find("  }\n").unwrap() + 2];
    std::fs::write(&program, LINE.replace(table, "csv(\"line.csv\")")).unwrap();
    std::fs::write(&data, "x,price\n1,1010\n2,1020\n3,1030\n").unwrap();
    let bench = Bench::within(Box::new(crate::disk()), &program, &[]).slow();
    bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, 7)).0.unwrap();
    std::fs::write(&data, "x,price\n1,1010\n2,1020\n3,1031\n").unwrap();
    let (outcome, _) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
    let problem = outcome.unwrap_err().problems.remove(0);
    assert_eq!(problem.message, "the data is not what it was when the checkpoint was written");
    std::fs::write(&data, "x,price\n1,1010\n2,1020\n3,1030\n").unwrap();
    let (outcome, _) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
    assert_eq!(outcome.unwrap().end.reason, Reason::Done);
}

#[test]
fn a_finished_run_is_not_resumed() {
    let bench = Bench::new(XOR);
    bench.run();
    let (outcome, _) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
    assert_eq!(outcome.unwrap_err().problems[0].code, "nothing-to-resume");
}

#[test]
fn checkpoints_come_at_their_steps_and_the_last_ones_stay() {
    let text = text().replace("seed:      3", "checkpoint: every(2 epochs, keep: 2)\n  seed: 3");
    let bench = Bench::new(&text);
    let (outcome, events) = bench.run();
    let steps: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Checkpoint { step, path, bytes } => {
                let there = std::fs::metadata(path).map(|it| it.len());
                assert!(*step == 10 || there.is_ok_and(|it| it == *bytes), "{path}");
                Some(*step)
            }
            _ => None,
        })
        .collect();
    assert_eq!(steps, [10, 20, 30]);
    let checkpoint = outcome.checkpoint.unwrap();
    assert_eq!(checkpoint.file_name().unwrap(), "step-30.dlmx");
    assert_eq!(std::fs::read_dir(checkpoint.parent().unwrap()).unwrap().count(), 2);
}
