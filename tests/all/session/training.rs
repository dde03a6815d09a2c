//! What a run does, and what it tells.

use super::*;
use dlmc::session::Value;

#[test]
fn xor_is_learned_and_every_epoch_is_told() {
    let bench = Bench::new(XOR);
    let (outcome, events) = bench.run();
    assert_eq!(outcome.end.reason, Reason::Done);
    assert_eq!((outcome.end.step, outcome.end.kept), (500, 500));
    let loss = outcome.end.train["loss"].number().unwrap();
    assert!(loss < 0.05, "{loss}");
    assert!(matches!(&events[0], Event::Start(start) if start.parameters == 33 && start.train == 4));
    assert_eq!(losses(&events).len(), 500);
    assert!(matches!(events.last(), Some(Event::End(_))));
    assert_logged(&outcome, &events);
}

#[test]
fn the_first_loss_is_that_of_the_initial_weights_and_the_last_is_after_all_steps() {
    let (outcome, events) = Bench::new(XOR).run();
    let losses = losses(&events);
    assert!((losses[0].1 - 0.7).abs() < 0.3, "near ln 2: {}", losses[0].1);
    let (_, last) = losses[499];
    assert!(outcome.end.train["loss"].number().unwrap() < last, "one step further");
}

#[test]
fn the_same_seed_gives_the_same_bytes_whatever_the_clock_says() {
    let bytes = |bench: Bench| std::fs::read(bench.run().0.artifact.unwrap()).unwrap();
    let text = points();
    let one = bytes(Bench::new(&text));
    assert_eq!(one, bytes(Bench::new(&text).slow()));
    assert_ne!(one, bytes(Bench::set(&text, &[("train.seed", "4")])));
}

#[test]
fn back_ends_give_the_same_losses_to_rounding() {
    for text in [XOR.replace("500", "50"), points(), LINE.replace("400", "50")] {
        let of = |backend| losses(&Bench::new(&text).on(backend).run().1);
        let expected = of(Backend::Interpreter);
        for backend in [Backend::Kernels, Backend::Native] {
            let found = of(backend);
            for (expected, found) in expected.iter().zip(&found) {
                let (step, expected, found) = (expected.0, expected.1, found.1);
                assert!((expected - found).abs() < 1e-4 * expected.abs(), "{backend:?}: {expected} {found} at {step}");
            }
        }
    }
}

#[test]
fn looking_at_the_validation_split_does_not_disturb_the_training() {
    let text = points();
    let weights = |every: &str| {
        let text = text.replace("keep:      best(val.loss)", &format!("validate: every({every})"));
        let bench = Bench::new(&text);
        let (outcome, _) = bench.run();
        let bytes = std::fs::read(outcome.artifact.unwrap()).unwrap();
        dlmc::session::container::unpack(&bytes).unwrap().tensors
    };
    assert_eq!(weights("1 steps"), weights("20 epochs"));
}

#[test]
fn all_ways_of_descending_go_down() {
    for (batch, steps) in [("all", 20), ("1", 36 * 20), ("8", 5 * 20), ("1000", 20)] {
        let (outcome, events) = Bench::set(&points(), &[("batch", batch)]).run();
        assert_eq!(outcome.end.step, steps, "batch: {batch}");
        let losses = losses(&events);
        assert!(losses[19].1 < 0.8 * losses[0].1, "batch: {batch}: {losses:?}");
    }
}

#[test]
fn the_best_weights_are_kept_and_measured() {
    let text = points().replace("adam(lr: 0.02)", "adam(lr: 0.5)");
    let (outcome, events) = Bench::new(&text).run();
    let vals: Vec<(u64, f64, bool)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Epoch(epoch) => Some((epoch.step, epoch.val["loss"].number().unwrap(), epoch.best)),
            _ => None,
        })
        .collect();
    let best = vals.iter().map(|it| it.1).fold(f64::INFINITY, f64::min);
    let (step, ..) = vals.iter().find(|it| it.1 == best).unwrap();
    assert_eq!(outcome.end.kept, *step);
    assert!(outcome.end.kept < outcome.end.step, "or the test shows nothing");
    assert_eq!(outcome.end.val["loss"], Value::Number(best));
    let last_best = vals.iter().rfind(|it| it.2).unwrap();
    assert_eq!(last_best.0, *step, "the event says which were the best");
}

#[test]
fn patience_ends_a_run_that_gets_no_better() {
    let text = points()
        .replace("adam(lr: 0.02)", "adam(lr: 0.5)")
        .replace("keep:      best(val.loss)", "stop: patience(val.loss, 3 epochs)");
    let (outcome, _) = Bench::new(&text).run();
    assert_eq!(outcome.end.reason, Reason::Patience);
    assert_eq!(outcome.end.step, outcome.end.kept + 3 * 5, "with `stop`, the best are kept");
}

#[test]
fn a_run_ends_by_the_clock() {
    let text = XOR.replace("for:       500 epochs", "for: 500 epochs\n  at_most: 3s");
    let (outcome, _) = Bench::new(&text).slow().run();
    assert_eq!(outcome.end.reason, Reason::Time);
    assert!(outcome.end.step < 100, "{}", outcome.end.step);
    assert!(outcome.artifact.is_some());
}

#[test]
fn steps_are_told_only_now_and_then() {
    let text = XOR.replace("500 epochs", "2000 epochs");
    let (_, events) = Bench::new(&text).run();
    let steps = events.iter().filter(|it| matches!(it, Event::Step(_))).count();
    // Three looks at the clock a step, a millisecond each.
    assert!((20..100).contains(&steps), "{steps}");
}

#[test]
fn metrics_are_in_the_users_units() {
    let (outcome, _) = Bench::set(LINE, &[("for", "5 epochs")]).run();
    let rms = outcome.end.train["loss"].number().unwrap().sqrt();
    let mae = outcome.end.train["mae"].number().unwrap();
    // The loss sees prices in deviations, of which each is √200. A mean of errors is at most the root of their mean square.
    let ratio = mae / rms / 200f64.sqrt();
    assert!((0.5..=1.0).contains(&ratio), "{mae} {rms}");
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_and_leaves_what_was_before() {
    let text = points().replace("adam(lr: 0.02)", "sgd(lr: 1e20)");
    let bench = Bench::new(&text);
    let failure = bench.fail();
    assert_eq!(failure.cause, session::Cause::Run);
    assert_eq!(failure.problems[0].code, "loss-not-finite");
    let folder = bench.folder.path().join("it-1");
    let artifact = session::artifact::Artifact::read(&folder.join("checkpoints/before-not-finite.dlmx")).unwrap();
    let step = artifact.document.progress.as_ref().unwrap().at.step;
    assert!(failure.problems[0].message.contains(&format!("at step {}", step + 1)), "{:?}", failure.problems[0]);
    assert!(!folder.join("model.dlmx").exists());
}

#[test]
fn a_split_without_examples_decides_nothing() {
    let text = LINE.replace("for:       400 epochs", "for: 4 epochs\n  keep: best(val.loss)");
    let failure = Bench::new(&text).fail();
    assert_eq!(failure.cause, session::Cause::Program);
    assert_eq!(failure.problems[0].code, "nothing-to-watch");
}

#[test]
fn a_run_writes_over_nothing() {
    let bench = Bench::new(XOR);
    let place = bench.folder.path().join("mine");
    let (first, _) = bench.try_run(Place::At(&place), |_| false);
    let artifact = first.unwrap().artifact.unwrap();
    let before = std::fs::read(&artifact).unwrap();
    let (second, _) = bench.try_run(Place::At(&place), |_| false);
    let failure = second.unwrap_err();
    assert_eq!((failure.cause, failure.problems[0].code), (session::Cause::Run, "folder-used"));
    assert_eq!(std::fs::read(&artifact).unwrap(), before);
}

#[test]
fn a_folder_that_cannot_be_made_is_a_problem() {
    let bench = Bench::new(XOR);
    let file = bench.folder.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    let (outcome, _) = bench.try_run(Place::Under(&file), |_| false);
    let failure = outcome.unwrap_err();
    assert_eq!((failure.cause, failure.problems[0].code), (session::Cause::Run, "not-written"));
    assert_eq!(std::fs::read(&file).unwrap(), b"kept");
}

/// Also where a target of yes or no has an axis of its own, and where all examples are looked at together.
#[test]
fn a_score_is_one_number() {
    let text = XOR.replace("  seed:", "  metrics:   [accuracy, f1, log_loss, brier]\n  seed:");
    let (outcome, _) = Bench::new(&text).run();
    assert_eq!(outcome.end.train.len(), 5);
    assert!(outcome.end.train.values().all(|it| it.number().is_some()), "{:?}", outcome.end.train);
    assert_eq!(outcome.end.train["f1"].number(), Some(1.0));
}

/// In steps against epochs: nobody knows before the rows are counted.
#[test]
fn a_warm_up_as_long_as_the_run_is_told_when_the_rows_are_counted() {
    let text = XOR.replace("500 epochs", "10 epochs\n  schedule:  cosine(warmup: 10 steps)");
    let codes = |text: &str| Bench::new(text).fail().problems.iter().map(|it| it.code).collect::<Vec<_>>();
    assert_eq!(codes(&text), ["warmup-longer-than-run"]);
    let report = dlmc::ide::check(&Memory::default(), Path::new("it.dlm"), Some(text.clone()), &[]).unwrap();
    assert_eq!(report.problems.iter().map(|it| it.code).collect::<Vec<_>>(), ["warmup-longer-than-run"]);
    assert_eq!(Bench::new(&text.replace("10 steps", "9 steps")).run().0.end.step, 10);
}

/// The layers of the sample blocks, trained: which way the stripes of an image of 4 by 4 go, wherever they begin.
#[test]
fn a_network_of_the_sample_blocks_learns() {
    let mut rows = String::from("way");
    (0..16).for_each(|at| rows += &format!(",p{at}"));
    for image in 0..64 {
        let (across, begin) = (image % 2 == 1, image / 2 % 2);
        rows += if across { "\nacross" } else { "\ndown" };
        for at in 0..16 {
            let stripe = (if across { at / 4 } else { at % 4 } + begin) % 2;
            // Noise that is the same in every run.
            let noise = (image * 37 + at * 101) % 17;
            rows += &format!(",{}", 10 * stripe + noise - 8);
        }
    }
    let text = r#"dlm 1
use "blocks.dlm" { conv_norm, residual, swiglu }
data stripes {
  source: csv("stripes.csv")
  input  pixels: f32[16] = columns("p*") |> standardize
  target way: class["across", "down"]
}
model eye on pixels: f32[16] -> logits[K] {
  pixels
  |> reshape([4, 4, 1])
  |> conv_norm(4)           as stem
  |> residual(4)            as one
  |> residual(6, stride: 2) as two
  |> swiglu(8)              as gate
  |> global_avg_pool
  |> dense(K)               as head
}
train {
  model:     eye
  data:      stripes
  loss:      cross_entropy
  optimizer: adam(lr: 0.01)
  batch:     16
  for:       20 epochs
  metrics:   [accuracy]
}
"#;
    let losses_on = |backend, set: &[(&str, &str)]| {
        let world = Memory::default()
            .with("it.dlm", text)
            .with("blocks.dlm", include_str!("../../samples/blocks.dlm"))
            .with("stripes.csv", &rows);
        let bench = Bench::within(Box::new(world), Path::new("it.dlm"), set).on(backend);
        let (outcome, events) = bench.run();
        (outcome.end.train["accuracy"].number().expect("a number"), losses(&events))
    };
    let (accuracy, _) = losses_on(Backend::Native, &[]);
    assert_eq!(accuracy, 1.0);
    // The first epochs alone: what rounding does is amplified by long runs.
    let short = [("train.for", "2 epochs")];
    let [(_, found), (_, expected)] = [Backend::Native, Backend::Interpreter].map(|it| losses_on(it, &short));
    assert!(!expected.is_empty() && found.len() == expected.len());
    for ((step, found), (_, expected)) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-3 * expected.abs(), "{found} and {expected} after step {step}");
    }
}

#[test]
fn a_run_that_ends_while_it_reads_has_written_nothing() {
    let text = crate::pictures::text("image_folder(\"pets\")", "file |> decode |> scale");
    let Memory(files) = crate::pictures::many(300);
    let world = Memory(files).with("it.dlm", &text);
    let bench = Bench::within(Box::new(world), Path::new("it.dlm"), &[("for", "1 steps")]);
    let is_reading = |event: &Event| matches!(event, Event::Reading { .. });
    let (outcome, events) = bench.try_run(Place::Under(bench.folder.path()), is_reading);
    let failure = outcome.unwrap_err();
    assert_eq!((failure.cause, failure.problems), (session::Cause::Interrupted, vec![]));
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(std::fs::read_dir(bench.folder.path()).unwrap().count(), 0, "no folder of a run");
    // Undisturbed, it is told first and not written down.
    let (outcome, events) = bench.run();
    let told: Vec<Event> = events.into_iter().skip_while(is_reading).collect();
    assert!(matches!(told[0], Event::Start(_)));
    assert_logged(&outcome, &told);
}

/// Within each turn of a recurrence another one takes all of its turns.
#[test]
fn a_recurrence_within_a_recurrence_trains_as_its_turns_written_out() {
    let text = |body: &str| {
        format!(
            "dlm 1
data steps {{
  source: table {{
    | a | b  | y |
    | 1 | 2  | 1 |
    | 2 | -1 | 0 |
    | 0 | 1  | 2 |
  }}
  input  x: f32[2] = [a, b]
  target y: number
}}
model deep on x: f32[2] -> number {{
  param w: f32[2, 3, 3] ~ uniform(-0.5, 0.5)
{body}
}}
train {{ model: deep; data: steps; loss: mse; optimizer: adam(lr: 0.05); for: 20 epochs }}
"
        )
    };
    let nested = text(
        "  h = for t in 2, h ~ zeros([3]) => {
    z = for k in 2, z ~ h => tanh(z @ w[k] + x[t])
    h' = z[1] + 0.5 * z[0]
  }
  h[1] |> dense(1) as out",
    );
    let written = text(
        "  a = tanh(zeros([3]) @ w[0] + x[0])
  b = tanh(a @ w[1] + x[0])
  c = tanh((b + 0.5 * a) @ w[0] + x[1])
  d = tanh(c @ w[1] + x[1])
  d + 0.5 * c |> dense(1) as out",
    );
    let losses_of = |text: &str, backend| losses(&Bench::new(text).on(backend).run().1);
    let expected = losses_of(&written, Backend::Interpreter);
    assert!(expected.len() >= 20);
    for found in [Backend::Native, Backend::Interpreter].map(|backend| losses_of(&nested, backend)) {
        assert_eq!(found.len(), expected.len());
        for ((step, found), (_, expected)) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-4 * expected.abs(), "{found} and {expected} after step {step}");
        }
    }
}
