//! Weights from files: what of them comes into a run, what stays as it was, and what an artifact says of them.

use super::*;
use dlmc::ide::{Look, look};
use dlmc::session::artifact::Artifact;
use dlmc::session::export::Weights;
use dlmc::session::transfer::{load, sha256};
use dlmc::tensor::Array;

use crate::pages::weights;

/// The points of the other tests, and a deeper network on them.
pub fn text(lines: &str) -> String {
    let model = "concat(a, b)
  |> dense(6, relu) as stem
  |> batch_norm     as norm
  |> dense(6, tanh) as body
  |> dense(3)       as out";
    let text = points();
    let (head, rest) = text.split_once("concat(a, b)").unwrap();
    let (_, tail) = rest.split_once("as out").unwrap();
    let lines = format!("seed: 3\n  checkpoint: every(1 step, keep: 100)\n  {lines}\n");
    format!("{head}{model}{tail}").replace("20 epochs", "2 epochs").replace("seed:      3\n", &lines)
}

/// A bench whose program finds `files` beside it.
fn bench(lines: &str, files: &[(&str, Vec<u8>)]) -> Bench {
    let mut world = Memory::default().with("it.dlm", &text(lines));
    world.0.extend(files.iter().map(|(name, bytes)| (name.into(), bytes.clone())));
    Bench::within(Box::new(world), Path::new("it.dlm"), &[])
}

fn artifact(outcome: &Outcome) -> Artifact {
    Artifact::read(outcome.artifact.as_ref().unwrap()).unwrap()
}

fn bits(array: &Array) -> Vec<u32> {
    array.floats().iter().map(|it| it.to_bits()).collect()
}

/// All tensors after each step, from 1.
fn course(bench: &Bench) -> Vec<Artifact> {
    let (outcome, _) = bench.run();
    let step = |at| Artifact::read(&outcome.folder.join(format!("checkpoints/step-{at}.dlmx"))).unwrap();
    (1..=outcome.end.step).map(step).collect()
}

#[test]
fn an_artifact_of_ours_is_a_file_to_begin_with() {
    let pretraining = bench("", &[]);
    let first = pretraining.run().0;
    let (bytes, before) = (std::fs::read(first.artifact.as_ref().unwrap()).unwrap(), artifact(&first));
    let files = [("first.dlmx", bytes.clone())];
    // Everything but the head, which starts afresh; frozen, so that it can be seen afterwards.
    let lines = "transfer from \"first.dlmx\" {\n    init out fresh\n    freeze stem, norm, body\n  }";
    for backend in Backend::ALL {
        let bench = bench(lines, &files).on(backend);
        let (outcome, events) = bench.run();
        let after = artifact(&outcome);
        for (name, array) in &before.tensors {
            let same = bits(array) == bits(&after.tensors[name]);
            assert_eq!(same, !name.starts_with("out."), "{name} on {backend:?}");
        }
        let told: Vec<_> =
            events.iter().filter_map(|it| if let Event::Transfer(it) = it { Some(it) } else { None }).collect();
        assert_eq!(after.document.transfers.iter().collect::<Vec<_>>(), told);
        let it = &told[0];
        assert_eq!((it.from.as_str(), it.sha256.as_str()), ("first.dlmx", sha256(&bytes).as_str()));
        // Weights and biases of two layers, the scale, the shift and the two statistics of the norm.
        assert_eq!((it.tensors, it.fresh, it.skipped, it.dropped), (8, 2, 0, 0));
        assert_eq!(it.numbers, 2 * 6 + 6 + 4 * 6 + 6 * 6 + 6);
    }
}

#[test]
fn a_checkpoint_is_one_too_without_what_only_its_optimizer_reads() {
    let pretraining = bench("", &[]);
    let first = pretraining.run().0;
    let bytes = std::fs::read(first.folder.join("checkpoints/step-7.dlmx")).unwrap();
    let before = Artifact::read(&first.folder.join("checkpoints/step-7.dlmx")).unwrap();
    let lines = "transfer from \"seven.dlmx\" {\n    skip \"best/*\"\n    freeze stem\n  }";
    let bench = bench(lines, &[("seven.dlmx", bytes)]);
    let after = artifact(&bench.run().0);
    assert_eq!(bits(&before.tensors["stem.w"]), bits(&after.tensors["stem.w"]));
    // Adam keeps two states of each of the eight parameters.
    assert_eq!((after.document.transfers[0].tensors, after.document.transfers[0].dropped), (10, 16));
}

/// What a file of weights puts into the states of a program, by name.
fn brought(program: &str, file: Vec<u8>) -> Vec<(String, Array)> {
    let bench = bench(program, &[("out.safetensors", file)]);
    let program = &bench.checked.programs[0];
    let mut states: Vec<Array> = program.states.iter().map(|it| Array::zeros(&it.shape, it.dtype)).collect();
    load(&*bench.world, Path::new(""), &bench.checked.sources, program, &mut states).unwrap();
    program.states.iter().map(|it| it.path.clone()).zip(states).collect()
}

#[test]
fn weights_that_leave_come_back_bit_for_bit() {
    let pretraining = bench("", &[]);
    let first = pretraining.run().0;
    let before = artifact(&first);
    let checkpoint = Artifact::read(&first.folder.join("checkpoints/step-7.dlmx")).unwrap();
    for (artifact, count) in [(&before, 10), (&checkpoint, 10)] {
        let weights = Weights::of(artifact);
        assert_eq!((weights.tensors, weights.numbers), (count, 2 * 6 + 6 + 4 * 6 + 6 * 6 + 6 + 6 * 3 + 3));
        assert_eq!(weights.sha256, sha256(&weights.bytes));
        // Any tool reads them: names, types and shapes as `inspect` shows them, and nothing beside them.
        let read = safetensors::SafeTensors::deserialize(&weights.bytes).unwrap();
        assert_eq!(read.len(), count);
        let states = brought("transfer from \"out.safetensors\"", weights.bytes);
        for (name, array) in states.iter().filter(|(name, _)| !name.contains(" of ")) {
            assert_eq!(bits(array), bits(&artifact.tensors[name]), "{name}");
        }
        // The statistics of the norm have moved from where they began.
        let moved = |name: &str, from: f32| artifact.tensors[name].floats().iter().all(|&it| it != from);
        assert!(moved("norm.m", 0.0) && moved("norm.v", 1.0));
    }
    assert_eq!(Weights::of(&before).bytes, Weights::of(&before).bytes);
}

/// The numbers of a file as the pages write them.
fn number(name: &str, at: usize) -> f64 {
    let less = if name.ends_with("var") { 0.0 } else { 0.5 };
    ((name.bytes().map(usize::from).sum::<usize>() * 31 + at * 17) % 101) as f64 / 101.0 - less
}

/// The same as a tensor of the model has it: what was written as f32 was rounded once more.
fn single(name: &str, at: usize) -> f32 {
    let less = if name.ends_with("var") { 0.0 } else { 0.5 };
    ((name.bytes().map(usize::from).sum::<usize>() * 31 + at * 17) % 101) as f32 / 101.0 - less
}

const FOREIGN: &str = "bn.bias f32 6
bn.num_batches_tracked i64
bn.running_mean f64 6
bn.running_var f32 6
bn.weight f32 6
fc.0.bias f32 6
fc.0.weight f32 6 2
fc.1.bias f32 6
fc.1.weight f32 6 6
head.weight f32 10 6";

const LINES: &str = "transfer from \"foreign.safetensors\" {
    rename \"fc.0.*\" -> stem.* as oi
    rename \"fc.1.*\" -> body.* as oi
    rename \"bn.*\"   -> norm.*
    skip   \"head.*\"
    init   out fresh
    freeze stem, norm, body until 5 steps
  }";

#[test]
fn names_and_axes_of_others_come_where_they_belong() {
    let bench = bench(LINES, &[("foreign.safetensors", weights(FOREIGN))]);
    let steps = course(&bench);
    let floats = |name: &str| steps[0].tensors[name].floats().to_vec();
    let stem = floats("stem.w");
    for i in 0..2 {
        for o in 0..6 {
            assert_eq!(stem[i * 6 + o], single("fc.0.weight", o * 2 + i));
        }
    }
    let body = floats("body.w");
    for i in 0..6 {
        for o in 0..6 {
            assert_eq!(body[i * 6 + o], single("fc.1.weight", o * 6 + i));
        }
    }
    for (own, name) in [("scale", "weight"), ("shift", "bias"), ("m", "running_mean"), ("v", "running_var")] {
        for (at, found) in floats(&format!("norm.{own}")).into_iter().enumerate() {
            let name = format!("bn.{name}");
            // The mean comes from f64: the nearest f32 is what is there.
            assert_eq!(found, if own == "m" { number(&name, at) as f32 } else { single(&name, at) }, "{own}");
        }
    }
    // Nothing of what is frozen moves by a bit, statistics least of all; then all of it does.
    let moved = |part: &str, step: usize| -> Vec<&String> {
        let own = steps[step].tensors.iter().filter(|(name, _)| name.starts_with(part));
        own.filter(|(name, array)| bits(array) != bits(&steps[step - 1].tensors[*name])).map(|(name, _)| name).collect()
    };
    for part in ["stem.", "norm.", "body."] {
        for step in 1..5 {
            assert!(moved(part, step).is_empty(), "{:?}", moved(part, step));
        }
        assert_eq!(moved(part, 5).len(), if part == "norm." { 4 } else { 2 });
    }
    assert_eq!(moved("out.", 1).len(), 2);
    let it = &steps[0].document.transfers[0];
    assert_eq!((it.tensors, it.skipped, it.dropped, it.fresh), (8, 1, 1, 0));
}

#[test]
fn half_precision_is_read_exactly() {
    // Zero, the least number, the largest below 1, one, the largest, minus two, and the same of bfloat16.
    let halves: [u16; 6] = [0x0000, 0x0001, 0x3bff, 0x3c00, 0x7bff, 0xc000];
    let brains: [u16; 6] = [0x0000, 0x0080, 0x3f7f, 0x3f80, 0x7f7f, 0xc000];
    for (kind, bits, wanted) in [
        ("F16", halves, [0.0, 5.960_464_5e-8, 0.999_511_7, 1.0, 65504.0, -2.0]),
        ("BF16", brains, [0.0, f32::MIN_POSITIVE, 0.996_093_75, 1.0, 3.389_531_4e38, -2.0]),
    ] {
        let header = format!(r#"{{"stem.b":{{"dtype":"{kind}","shape":[6],"data_offsets":[0,12]}}}}"#);
        let data = bits.iter().flat_map(|it| it.to_le_bytes());
        let bytes = (header.len() as u64).to_le_bytes().into_iter().chain(header.bytes()).chain(data).collect();
        let bench = bench(
            "transfer from \"a.safetensors\" { init stem.w, norm, body, out fresh }",
            &[("a.safetensors", bytes)],
        );
        let program = &bench.checked.programs[0];
        let mut states: Vec<Array> = program.states.iter().map(|it| Array::zeros(&it.shape, it.dtype)).collect();
        load(&*bench.world, Path::new(""), &bench.checked.sources, program, &mut states).unwrap();
        let at = program.states.iter().position(|it| it.path == "stem.b").unwrap();
        assert_eq!(states[at].floats(), wanted, "{kind}");
    }
}

#[test]
fn what_goes_on_from_a_checkpoint_loads_nothing_again() {
    let bench = bench(LINES, &[("foreign.safetensors", weights(FOREIGN))]);
    let (whole, _) = bench.run();
    let folder = tempfile::tempdir().unwrap();
    let (cut, _) = bench.try_run(Place::At(folder.path()), |it| matches!(it, Event::Checkpoint { step: 3, .. }));
    assert_eq!(cut.unwrap().end.reason, Reason::Interrupted);
    // Where the run goes on, the file has gone.
    let gone = Bench { world: Box::new(Memory::default().with("it.dlm", &text(LINES))), ..bench };
    let (rest, events) = gone.try_run(Place::ResumeAt(folder.path()), |_| false);
    assert!(!events.iter().any(|it| matches!(it, Event::Transfer(_))));
    let (whole, rest) = (artifact(&whole), artifact(&rest.unwrap()));
    assert_eq!(whole.document.transfers, rest.document.transfers);
    for (name, array) in &whole.tensors {
        assert_eq!(bits(array), bits(&rest.tensors[name]), "{name}");
    }
}

#[test]
fn the_size_of_a_checkpoint_is_known_with_what_it_says_of_its_weights() {
    let bench = bench(LINES, &[("foreign.safetensors", weights(FOREIGN))]);
    let report = look(&*bench.world, Path::new("it.dlm"), None, &[], Look::Rows).unwrap();
    let known = report.trains[0].checkpoint_bytes.unwrap();
    let (outcome, _) = bench.run();
    let written = std::fs::metadata(outcome.folder.join("checkpoints/step-7.dlmx")).unwrap().len();
    assert_eq!(known, written);
}

#[test]
fn a_rate_of_its_own_is_that_of_the_part() {
    let whole = |lines: &str| course(&bench(lines, &[("foreign.safetensors", weights(FOREIGN))]));
    let inside = whole(&LINES.replace("freeze stem, norm, body until 5 steps", "lr 0.1x on stem, body.w"));
    let outside = whole(&(LINES.replace("freeze stem, norm, body until 5 steps", "") + "\n  lr 0.1x on stem, body.w"));
    let same = whole(&LINES.replace("freeze stem, norm, body until 5 steps", ""));
    for (name, array) in &inside[3].tensors {
        assert_eq!(bits(array), bits(&outside[3].tensors[name]), "{name}");
    }
    assert_ne!(bits(&inside[3].tensors["stem.w"]), bits(&same[3].tensors["stem.w"]));
}

/// Bytes that are no such file, cut ones among them, are told of and nothing else happens.
#[test]
fn files_that_are_damaged_are_refused() {
    let whole = weights(FOREIGN);
    let at = whole.windows(3).position(|it| it == b"F32").unwrap();
    let with = |from: usize, text: &[u8]| {
        let mut bytes = whole.clone();
        bytes[from..from + text.len()].copy_from_slice(text);
        bytes
    };
    let cases: Vec<Vec<u8>> = vec![
        vec![],
        b"PK\x03\x04 and so on".to_vec(),
        whole[..whole.len() - 1].to_vec(),
        whole[..40].to_vec(),
        with(0, &[255; 8]),
        with(8, b"["),
        with(at, b"F33"),
        with(at, b"F64"),
        vec![7; 1000],
    ];
    for (number, bytes) in cases.into_iter().enumerate() {
        let bench = bench(LINES, &[("foreign.safetensors", bytes)]);
        let failure = bench.fail();
        let codes: Vec<&str> = failure.problems.iter().map(|it| it.code).collect();
        assert_eq!(codes, ["not-safetensors"], "case {number}");
        // Nothing is begun that cannot go on.
        assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 0);
    }
    let missing = bench(LINES, &[]).fail();
    assert_eq!(missing.problems[0].code, "file-missing");
}
