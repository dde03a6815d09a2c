//! Adapters: what they leave as it was, what they train, and that an artifact with them is whole.

use super::transferring::text;
use super::*;
use dlmc::ide::{Look, look};
use dlmc::session::artifact::Artifact;
use dlmc::session::export::Weights;
use dlmc::tensor::{Array, Clock};

fn bench(lines: &str, file: &[u8]) -> Bench {
    let mut world = Memory::default().with("it.dlm", &text(lines));
    world.0.insert("base.dlmx".into(), file.to_vec());
    Bench::within(Box::new(world), Path::new("it.dlm"), &[])
}

fn artifact(outcome: &Outcome) -> Artifact {
    Artifact::read(outcome.artifact.as_ref().unwrap()).unwrap()
}

fn bits(array: &Array) -> Vec<u32> {
    array.floats().iter().map(|it| it.to_bits()).collect()
}

/// A network that has been trained, as the bytes of its artifact.
fn base() -> (Vec<u8>, Artifact) {
    let bench = bench("", &[]);
    let (outcome, _) = bench.run();
    (std::fs::read(outcome.artifact.as_ref().unwrap()).unwrap(), artifact(&outcome))
}

/// Which tensors of `after` are not what they were.
fn moved<'a>(before: &Artifact, after: &'a Artifact) -> Vec<&'a str> {
    let changed = |it: &(&String, &Array)| before.tensors.get(it.0).is_none_or(|was| bits(was) != bits(it.1));
    after.tensors.iter().filter(|it| !it.0.contains(" of ")).filter(changed).map(|it| it.0.as_str()).collect()
}

const PURE: &str = "transfer from \"base.dlmx\" {\n    adapt lora(rank: 2, alpha: 8) on *.w\n    freeze *\n  }";
const ADAPTERS: [&str; 6] =
    ["body.w.lora.a", "body.w.lora.b", "out.w.lora.a", "out.w.lora.b", "stem.w.lora.a", "stem.w.lora.b"];

#[test]
fn what_is_adapted_stays_to_the_bit_and_its_adapter_trains() {
    let (bytes, before) = base();
    for backend in Backend::ALL {
        let bench = bench(PURE, &bytes).on(backend);
        let (outcome, _) = bench.run();
        assert_eq!(moved(&before, &artifact(&outcome)), ADAPTERS, "{backend:?}");
        // Not even an optimizer keeps anything of what stays.
        let step = Artifact::read(&outcome.folder.join("checkpoints/step-1.dlmx")).unwrap();
        let kept: Vec<&String> = step.tensors.keys().filter(|it| it.contains(" of ")).collect();
        assert!(kept.len() == 12 && kept.iter().all(|it| it.contains(".lora.")), "{kept:?}");
    }
    // Nor is anything summed for it, where an update is over several batches.
    let several = bench(&format!("{PURE}\n  accumulate: 2 batches"), &bytes);
    assert_eq!(moved(&before, &artifact(&several.run().0)), ADAPTERS);
    // What is neither adapted nor frozen trains, statistics of norms among it.
    let bench = bench("transfer from \"base.dlmx\" { adapt lora(rank: 2) on stem.w, body.w }", &bytes);
    let after = artifact(&bench.run().0);
    let moved = moved(&before, &after);
    assert!(!moved.contains(&"stem.w") && !moved.contains(&"body.w"), "{moved:?}");
    for name in ["stem.b", "norm.m", "norm.v", "norm.scale", "out.w", "stem.w.lora.a", "stem.w.lora.b"] {
        assert!(moved.contains(&name), "{name} is not among {moved:?}");
    }
}

#[test]
fn before_its_first_step_it_is_what_it_was() {
    let (bytes, before) = base();
    let bench = bench(PURE, &bytes);
    let program = &bench.checked.programs[0];
    let clock = Clock { seed: 3, step: 0 };
    let mut states = dlmc::compile::executor(&program.initial(), Backend::Interpreter).run(&mut [], &[], clock);
    session::transfer::load(&*bench.world, Path::new(""), &bench.checked.sources, program, &mut states).unwrap();
    let narrow = |path: &str| program.states.iter().position(|it| it.path == path).map(|at| &states[at]).unwrap();
    assert!(narrow("stem.w.lora.a").floats().iter().any(|&it| it != 0.0));
    assert!(narrow("stem.w.lora.b").floats().iter().all(|&it| it == 0.0));
    let plain = Bench::new(&text(""));
    let plain = &plain.checked.programs[0];
    let weights: Vec<Array> = plain.states.iter().filter_map(|it| before.tensors.get(&it.path).cloned()).collect();
    let feeds = [Array::f32(&[3, 1], vec![0.5, -1.0, 2.0]), Array::f32(&[3, 1], vec![1.5, 0.25, -0.5])];
    let feeds: Vec<&Array> = feeds.iter().collect();
    let count = program.states.iter().filter(|it| !it.path.contains(" of ")).count();
    for backend in Backend::ALL {
        let outputs = |program: &dlmc::model::Program, states: &[Array]| {
            let function = program.predict(3);
            let mut states = states[..function.states.len().min(states.len())].to_vec();
            for (shape, dtype) in &function.states[states.len()..] {
                states.push(Array::zeros(shape, *dtype));
            }
            bits(&dlmc::compile::executor(&function, backend).run(&mut states, &feeds, clock)[0])
        };
        assert_eq!(outputs(program, &states[..count]), outputs(plain, &weights), "{backend:?}");
    }
}

#[test]
fn a_run_that_is_interrupted_goes_on_with_its_adapters() {
    let (bytes, before) = base();
    let bench = bench(PURE, &bytes);
    let (whole, _) = bench.run();
    let folder = tempfile::tempdir().unwrap();
    let (cut, _) = bench.try_run(Place::At(folder.path()), |it| matches!(it, Event::Checkpoint { step: 3, .. }));
    assert_eq!(cut.unwrap().end.reason, Reason::Interrupted);
    let (rest, _) = bench.try_run(Place::ResumeAt(folder.path()), |_| false);
    let (whole, rest) = (artifact(&whole), artifact(&rest.unwrap()));
    assert_eq!(moved(&whole, &rest), Vec::<&str>::new());
    assert_eq!(moved(&before, &rest), ADAPTERS);
}

/// A file of what was adapted has the adapters in it, and they come back; one without them is a base as any.
#[test]
fn adapters_leave_and_come_back() {
    let (bytes, _) = base();
    let pure = bench(PURE, &bytes);
    let first = artifact(&pure.run().0);
    let weights = Weights::of(&first).bytes;
    // Each rate is 0: what has come stays.
    let bench = bench(&format!("{PURE}\n  lr 0x on *"), &weights);
    assert_eq!(moved(&first, &artifact(&bench.run().0)), Vec::<&str>::new());
}

/// Each weight with its adapter added: a network without adapters that gives the same.
#[test]
fn adapters_become_part_of_their_weights() {
    let (bytes, before) = base();
    let bench = bench(PURE, &bytes).on(Backend::Interpreter);
    let program = &bench.checked.programs[0];
    let after = artifact(&bench.run().0);
    let merged = Weights::merged(&after, program).unwrap();
    assert_eq!(merged.tensors, before.tensors.len());
    let feeds = [Array::f32(&[3, 1], vec![0.5, -1.0, 2.0]), Array::f32(&[3, 1], vec![1.5, 0.25, -0.5])];
    let feeds: Vec<&Array> = feeds.iter().collect();
    let outputs = |program: &dlmc::model::Program, mut states: Vec<Array>| {
        let mut function = dlmc::compile::executor(&program.predict(3), Backend::Interpreter);
        bits(&function.run(&mut states, &feeds, Clock { seed: 3, step: 0 })[0])
    };
    let plain = self::bench("transfer from \"base.dlmx\"", &merged.bytes);
    let file = &plain.checked.programs[0];
    let mut states: Vec<Array> = file.states.iter().map(|it| Array::zeros(&it.shape, it.dtype)).collect();
    session::transfer::load(&*plain.world, Path::new(""), &plain.checked.sources, file, &mut states).unwrap();
    assert_eq!(outputs(file, states), outputs(program, after.weights(program).unwrap()));
}

/// `freeze` of a part does not hold its adapters, at no time; that of an adapter's own name does.
#[test]
fn adapters_train_while_their_part_is_frozen() {
    let (bytes, before) = base();
    let lines = "transfer from \"base.dlmx\" {\n    adapt lora(rank: 1) on body.w\n    freeze stem, norm, body until 4 steps\n  }";
    let whole = bench(lines, &bytes);
    let (outcome, events) = whole.run();
    let step = |at| Artifact::read(&outcome.folder.join(format!("checkpoints/step-{at}.dlmx"))).unwrap();
    let early = step(4);
    let named: Vec<&str> = moved(&before, &early).into_iter().filter(|it| !it.starts_with("out.")).collect();
    assert_eq!(named, ["body.w.lora.a", "body.w.lora.b"]);
    let late = artifact(&outcome);
    let late = moved(&before, &late);
    assert!(late.contains(&"body.b") && late.contains(&"norm.m") && !late.contains(&"body.w"), "{late:?}");
    assert!(events.iter().any(|it| matches!(it, Event::Thaw { step: 4, .. })));
    let narrow = PURE.replace("freeze *", "freeze *, *.lora.a");
    let narrow = bench(&narrow, &bytes);
    let (outcome, _) = narrow.run();
    assert_eq!(moved(&before, &artifact(&outcome)).len(), 6, "each is new");
    let first = Artifact::read(&outcome.folder.join("checkpoints/step-1.dlmx")).unwrap();
    let after = artifact(&outcome);
    assert_eq!(moved(&first, &after), ["body.w.lora.b", "out.w.lora.b", "stem.w.lora.b"]);
}

#[test]
fn check_counts_what_trains() {
    let (bytes, _) = base();
    let bench = bench(PURE, &bytes);
    let report = look(&*bench.world, Path::new("it.dlm"), None, &[], Look::Rows).unwrap();
    let adapters = 2 * (2 + 6) + 2 * (6 + 6) + 2 * (6 + 3);
    assert_eq!(report.trains[0].trained, adapters);
    let base = (2 * 6 + 6) + 2 * 6 + (6 * 6 + 6) + (6 * 3 + 3);
    assert_eq!(report.models[0].parameters, base + adapters);
    // The size of a checkpoint is known before one is written.
    let (outcome, _) = bench.run();
    let written = std::fs::metadata(outcome.folder.join("checkpoints/step-7.dlmx")).unwrap().len();
    assert_eq!(report.trains[0].checkpoint_bytes, Some(written));
}
