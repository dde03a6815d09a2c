//! Updates over several batches: the same course as with batches of as many examples, in the memory of one.

use super::*;
use dlmc::compile::cost;
use dlmc::ide::{Look, Steps, TrainReport, look};
use dlmc::model::program::{Pace, Share};
use dlmc::session::artifact::Artifact;
use dlmc::session::container::unpack;
use dlmc::tensor::Array;

/// 36 training rows. Batches of 5, three of them in an update: two updates over 15 examples, and one over 6 in two batches.
const SEVERAL: &str = "batch: 5\n  accumulate: 3 batches";
const ONE: &str = "batch: 15";

/// Models, with what else a step does: (stages, settings).
const CASES: [(&str, &str); 6] = [
    ("dense(8, tanh) as hidden |> dense(3) as out", "optimizer: sgd(lr: 0.1, momentum: 0.9)"),
    ("dense(8, gelu) as hidden |> dense(3) as out", "optimizer: adam(lr: 0.02)\n  clip: norm(0.1)"),
    (
        "dense(8, tanh) as hidden |> layer_norm |> dense(3) as out",
        "optimizer: adamw(lr: 0.02)\n  schedule: cosine(warmup: 2 steps)\n  regularize { l2(0.01) on *.w }",
    ),
    (
        "dense(8, tanh) as hidden |> dense(6, tanh) as inner |> dense(3) as out",
        "optimizer: rmsprop(lr: 0.01)\n  freeze hidden until 4 steps\n  lr 3x on out",
    ),
    ("dense(8, tanh) as hidden |> dense(3) as out", "optimizer: sgd(lr: 0.1)\n  clip: value(0.05)\n  freeze hidden.b"),
    (
        "dense(12, tanh) |> reshape([12, 1]) |> conv(4, act: relu) |> flatten |> dense(3) as out",
        "optimizer: adam(lr: 0.01)",
    ),
];

fn text(stages: &str, settings: &str, batch: &str) -> String {
    let text = points();
    let (head, rest) = text.split_once("  |> dense(8, relu)").unwrap();
    let (_, tail) = rest.split_once("as out\n").unwrap();
    let text = format!("{head}  |> {stages}\n{tail}");
    let text = text.replace("optimizer: adam(lr: 0.02)", settings).replace("batch:     8", batch);
    text.replace("20 epochs", "6 epochs").replace("keep:      best(val.loss)\n", "")
}

fn artifact(outcome: &Outcome) -> Artifact {
    Artifact::read(outcome.artifact.as_ref().unwrap()).unwrap()
}

fn largest(array: &Array) -> f32 {
    array.floats().iter().fold(0.0, |most, it| most.max(it.abs()))
}

#[test]
fn several_batches_take_the_course_of_a_large_one() {
    for (stages, settings) in CASES {
        for backend in Backend::ALL {
            let [one, several] = [ONE, SEVERAL].map(|batch| Bench::new(&text(stages, settings, batch)).on(backend));
            let ((one, one_told), (several, several_told), _held) = (one.run(), several.run(), (&one, &several));
            assert_eq!((one.end.step, several.end.step), (18, 18), "{stages}");
            assert_eq!((start(&several_told).steps, start(&several_told).epoch_steps), (18, 3));
            for ((step, one), (other, several)) in losses(&one_told).into_iter().zip(losses(&several_told)) {
                assert_eq!(step, other);
                assert!((one - several).abs() < 1e-4 * one.abs(), "{stages}: {one} {several} at {step} on {backend:?}");
            }
            let (one, several) = (artifact(&one), artifact(&several));
            for (name, array) in &one.tensors {
                let scale = largest(array).max(0.1);
                for (a, b) in array.floats().iter().zip(several.tensors[name].floats()) {
                    assert!((a - b).abs() < 1e-3 * scale, "{stages}: {name}: {a} {b} on {backend:?}");
                }
            }
        }
    }
}

/// Each example counts by its weight, in whatever batch it is.
#[test]
fn weights_of_examples_are_those_of_a_large_batch() {
    let rows: String = (0..14).map(|i| format!("    | {i} | {} | {} |\n", (i * i) % 11, 1 + i % 4)).collect();
    let text = |batch: &str| {
        format!(
            "dlm 1
data them {{
  source: table {{
    | x | y | w |
{rows}  }}
  input  x: number = x |> standardize
  target y: number
  weight w: number
}}
model net on x: number -> number = x |> dense(4, tanh) as hidden |> dense(1) as out
train {{
  model:     net
  data:      them
  loss:      mse
  optimizer: adam(lr: 0.05)
  for:       10 epochs
  {batch}
}}
"
        )
    };
    // Ten and four: the last update has a batch of three and one of one.
    let run = |batch| losses(&Bench::new(&text(batch)).run().1);
    let (one, several) = (run("batch: 10"), run("batch: 3\n  accumulate: 4 batches"));
    assert_eq!((one.len(), several.len()), (10, 10));
    let far = one.iter().zip(&several).all(|(one, several)| (one.1 - several.1).abs() < 1e-4 * one.1);
    assert!(!far, "twelve at once are not ten");
    let one = run("batch: 12");
    for (one, several) in one.iter().zip(&several) {
        assert!((one.1 - several.1).abs() < 1e-4 * one.1, "{one:?} {several:?}");
    }
}

/// Statistics move with each batch, and each batch has draws of its own.
#[test]
fn statistics_and_draws_go_by_batches() {
    let stages = "dense(8, tanh) as hidden |> batch_norm as norm |> dense(3) as out";
    let settings = "optimizer: sgd(lr: 0)";
    let moved = |batch: &str, epochs: &str| {
        let text = text(stages, settings, batch).replace("6 epochs", epochs);
        artifact(&Bench::new(&text).run().0).tensors["norm.v"].clone()
    };
    // Without a step of the optimizer the statistics see the same batches, however many make an update.
    let (one, several) = (moved("batch: 5", "2 epochs"), moved(SEVERAL, "2 epochs"));
    assert_eq!(one.floats().map_bits(), several.floats().map_bits());
    assert_ne!(one.floats().map_bits(), moved(ONE, "2 epochs").floats().map_bits());

    let row = "    | 1 | 2 |\n".repeat(4);
    let text = |batch: &str| {
        format!(
            "dlm 1
data them {{
  source: table {{
    | x | y |
{row}  }}
  input  x: number
  target y: number
}}
model net on x: number -> number = x |> dense(64, tanh) as hidden |> dropout(50%) |> dense(1) as out
train {{
  model:     net
  data:      them
  loss:      mse
  optimizer: sgd(lr: 0)
  for:       1 step
  {batch}
}}
"
        )
    };
    let first = |batch| losses(&Bench::new(&text(batch)).run().1)[0].1;
    let (one, two, three) =
        (first("batch: 1"), first("batch: 1\n  accumulate: 2 batches"), first("batch: 1\n  accumulate: 3 batches"));
    assert!(one != two && 3.0 * three - 2.0 * two != one && 2.0 * two - one != one, "{one} {two} {three}");
}

trait Bits {
    fn map_bits(&self) -> Vec<u32>;
}

impl Bits for [f32] {
    fn map_bits(&self) -> Vec<u32> {
        self.iter().map(|it| it.to_bits()).collect()
    }
}

#[test]
fn an_interrupted_run_of_several_batches_goes_on_bit_for_bit() {
    let stages = "dense(8, tanh) as hidden |> batch_norm as norm |> dropout(20%) |> dense(3) as out";
    let text = text(stages, "optimizer: adam(lr: 0.02)\n  freeze norm until 7 steps", SEVERAL);
    for backend in Backend::ALL {
        let undisturbed = Bench::new(&text).slow().on(backend);
        let (whole, told) = undisturbed.run();
        for at in [1, 2, 3, 7, 17] {
            let bench = Bench::new(&text).slow().on(backend);
            let (first, mut events) = bench.try_run(Place::Under(bench.folder.path()), |event| is_step(event, at));
            assert_eq!(first.unwrap().end.step, at);
            let (second, more) = bench.try_run(Place::ResumeUnder(bench.folder.path()), |_| false);
            let second = second.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
            events.extend(more);
            assert_eq!(losses(&events), losses(&told), "interrupted after step {at}");
            let bytes = |outcome: &Outcome| std::fs::read(outcome.artifact.as_ref().unwrap()).unwrap();
            assert_eq!(bytes(&second), bytes(&whole), "interrupted after step {at} on {backend:?}");
        }
    }
}

fn report(text: &str) -> TrainReport {
    let world = Memory::default().with("it.dlm", text);
    look(&world, Path::new("it.dlm"), None, &[], Look::Rows).expect("in memory").trains.remove(0)
}

#[test]
fn check_foretells_the_steps_the_operations_and_the_bytes() {
    for (stages, settings) in CASES {
        let text = text(stages, settings, SEVERAL);
        let train = report(&text);
        let footprint = train.footprint.expect("the rows are known");
        let bench = Bench::new(&text);
        let (outcome, events) = bench.run();
        let start = start(&events);
        assert_eq!((train.steps, outcome.end.step), (Steps::Known(start.steps), start.steps));
        assert_eq!((start.step_flops, start.peak_bytes), (Some(footprint.step_flops), Some(footprint.peak_bytes)));
        assert_eq!(start.resident_bytes, footprint.resident_bytes);

        // Two batches and the last one.
        let program = &bench.checked.programs[0];
        let of = |batch, share| cost(&program.step_after(Pace { batch, epoch: 3, total: 18 }, u64::MAX, share));
        let (part, last) = (of(5, Share::Batch), of(5, Share::Last { examples: 15 }));
        assert_eq!(footprint.step_flops, 2 * part.flops + last.flops, "{stages}");
        assert!(part.flops < last.flops);
        assert!(footprint.peak_bytes >= part.peak.max(last.peak), "{stages}");
    }
}

/// Beside one batch there are the sums, and nothing that grows with the number of batches.
#[test]
fn the_memory_is_that_of_one_batch_and_the_sums() {
    let stages = "dense(200, tanh) as hidden |> dense(200, tanh) as inner |> dense(3) as out";
    let peak = |batch: &str| report(&text(stages, "optimizer: adam(lr: 0.01)", batch)).footprint.unwrap().peak_bytes;
    let program = &Bench::new(&text(stages, "optimizer: adam(lr: 0.01)", "batch: 2")).checked.programs[0].sums();
    let sums: usize = program.iter().map(|(shape, _)| 4 * shape.iter().product::<usize>()).sum();
    let (small, several, many) =
        (peak("batch: 2"), peak("batch: 2\n  accumulate: 3 batches"), peak("batch: 2\n  accumulate: 15 batches"));
    assert_eq!(several, many);
    assert!(several <= small + sums as u64 + 4096, "{small} + {sums} < {several}");
}

/// A step is an update: whatever is counted in steps goes by them.
#[test]
fn steps_are_updates() {
    let settings = "optimizer: adam(lr: 0.02)\n  validate: every(2 steps)\n  checkpoint: every(3 steps)";
    let text = text("dense(3) as out", settings, SEVERAL).replace("6 epochs", "7 steps");
    let (outcome, events) = Bench::new(&text).slow().run();
    assert_eq!(outcome.end.step, 7);
    let looks: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Epoch(epoch) if !epoch.val.is_empty() => Some(epoch.step),
            _ => None,
        })
        .collect();
    assert_eq!(looks, [2, 4, 6, 7]);
    let saved = events.iter().filter_map(|event| match event {
        Event::Checkpoint { step, .. } => Some(*step),
        _ => None,
    });
    assert_eq!(saved.collect::<Vec<_>>(), [3, 6]);
    let steps = events.iter().filter_map(|event| match event {
        Event::Step(step) => Some(step.step),
        _ => None,
    });
    assert_eq!(steps.collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    let open = report_at_a_glance();
    assert_eq!(open, Steps::Formula("3 × ⌈rows / 32⌉".into()));
}

fn report_at_a_glance() -> Steps {
    let text = "dlm 1
data them {
  source: csv(\"them.csv\")
  input  x: number = a
  target y: number = b
}
model line on x: number -> number { x |> dense(1) }
train {
  model: line
  data: them
  loss: mse
  optimizer: sgd(lr: 0.1)
  batch: 8
  accumulate: 4 batches
  for: 3 epochs
}
";
    let world = Memory::default().with("it.dlm", text).with("them.csv", "a,b\n1,2\n2,3\n");
    look(&world, Path::new("it.dlm"), None, &[], Look::Glance).expect("in memory").trains.remove(0).steps
}

/// Where one batch has all rows, or one batch makes an update, it is the run without `accumulate`.
#[test]
fn one_batch_of_an_update_is_the_update() {
    let weights = |batch: &str| {
        let bench =
            Bench::new(&text("dense(8, tanh) as hidden |> dense(3) as out", "optimizer: adam(lr: 0.02)", batch));
        artifact(&bench.run().0).tensors["hidden.w"].floats().map_bits()
    };
    assert_eq!(weights("batch: 5\n  accumulate: 1 batch"), weights("batch: 5"));
    assert_eq!(weights("batch: 36\n  accumulate: 4 batches"), weights("batch: 36"));
    assert_eq!(weights("batch: all\n  accumulate: 1 batch"), weights("batch: all"));
}

#[test]
fn a_step_that_goes_wrong_leaves_what_was_before_it() {
    let settings = "optimizer: sgd(lr: 1e20)\n  checkpoint: every(1 step, keep: 100)";
    let bench = Bench::new(&text("dense(8, relu) as hidden |> dense(3) as out", settings, SEVERAL));
    let failure = bench.fail();
    assert_eq!(failure.problems[0].code, "loss-not-finite");
    let folder = bench.folder.path().join("it-1/checkpoints");
    let broken = unpack(&std::fs::read(folder.join("before-not-finite.dlmx")).unwrap()).unwrap();
    let at = broken.document["progress"]["at"]["step"].as_u64().unwrap();
    assert!((1..18).contains(&at), "{at}");
    let kept = unpack(&std::fs::read(folder.join(format!("step-{at}.dlmx"))).unwrap()).unwrap();
    assert_eq!(broken.tensors.len(), kept.tensors.len());
    for ((name, one), (_, other)) in broken.tensors.iter().zip(&kept.tensors) {
        assert_eq!(one.floats().map_bits(), other.floats().map_bits(), "{name}");
    }
}
