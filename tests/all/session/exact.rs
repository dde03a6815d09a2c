//! What `check` says before a run is what the run then has: parameters, operations, steps, bytes.

use super::examples::{FOLDER, example, names};
use super::*;
use dlmc::compile::simplified;
use dlmc::ide::{Look, Steps, TrainReport, look};
use dlmc::kernel::{Machine, Plan, plan, width};
use dlmc::model::Program;
use dlmc::model::program::{Pace, StateRole};
use dlmc::native;
use dlmc::session::artifact::Artifact;
use dlmc::session::cadence;
use dlmc::session::course::Course;
use dlmc::session::measure::predictor;
use dlmc::tensor::Function;

/// What is changed of an example so that it is soon over.
fn short(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "digits" | "digits_conv" | "digits_private" | "rows" => &[("train.for", "2 epochs")],
        _ => &[],
    }
}

/// Every experiment of every example, with what `check --data` says of it and of its model's parameters.
fn experiments() -> Vec<(String, Bench, TrainReport, u64)> {
    let mut all = vec![];
    for name in names() {
        let path = Path::new(FOLDER).join(&name).with_extension("dlm");
        for program in 0..example(&name, short(&name)).checked.programs.len() {
            let bench = Bench { program, ..example(&name, short(&name)) };
            let mut report = look(&crate::disk(), &path, None, &bench.overrides, Look::Rows).expect("a file");
            let train = report.trains.swap_remove(program);
            let model = report.models.iter().find(|model| model.name == train.model).expect("a model that is trained");
            all.push((format!("{name} {program}"), bench, train, model.parameters));
        }
    }
    assert!(all.len() >= 12, "{} experiments", all.len());
    all
}

#[test]
fn a_run_of_every_example_has_the_steps_parameters_operations_and_bytes_that_check_says() {
    for (name, bench, train, parameters) in experiments() {
        let (outcome, events) = bench.run();
        let start = start(&events);
        let footprint = train.footprint.expect("the rows are known");
        assert_eq!(train.steps, Steps::Known(start.steps), "{name}");
        assert_eq!(train.rows, Some([start.train, start.val, start.test]), "{name}");
        assert_eq!((Some(footprint.step_flops), Some(footprint.peak_bytes)), (start.step_flops, start.peak_bytes));
        assert!(footprint.resident_bytes.is_some(), "{name}");
        assert_eq!(footprint.resident_bytes, start.resident_bytes, "{name}");
        match outcome.end.reason {
            Reason::Done => assert_eq!(outcome.end.step, start.steps, "{name}"),
            _ => assert!(outcome.end.step <= start.steps, "{name}"),
        }

        let artifact = Artifact::read(&outcome.artifact.expect("the run is over")).expect("it was just written");
        let states = &bench.checked.programs[bench.program].states;
        let trained = states.iter().filter(|state| state.role == StateRole::Parameter);
        let numbers: usize = trained.map(|state| artifact.tensors[&state.path].size()).sum();
        assert_eq!((parameters, parameters), (numbers as u64, start.parameters), "{name}");
    }
}

#[test]
fn a_checkpoint_of_every_example_has_the_bytes_that_check_says() {
    for (name, bench, train, _) in experiments() {
        let place = Place::Under(bench.folder.path());
        let (outcome, events) = bench.try_run(place, |event| matches!(event, Event::Epoch(_)));
        let outcome = outcome.unwrap_or_else(|failure| panic!("{:#?}", failure.problems));
        assert_eq!(outcome.end.reason, Reason::Interrupted, "{name}");
        let bytes = std::fs::metadata(outcome.checkpoint.expect("of an interrupted run")).expect("a file").len();
        assert_eq!(train.checkpoint_bytes, Some(bytes), "{name}");
        assert!(train.tensor_bytes < bytes, "{name}");
        assert!(events.iter().any(|it| matches!(it, Event::Checkpoint { bytes: told, .. } if *told == bytes)));
    }
}

#[test]
fn all_checkpoints_of_a_program_have_one_size() {
    let sizes = |bench: Bench| -> Vec<u64> {
        let (_, events) = bench.run();
        let of = |event: &Event| match event {
            Event::Checkpoint { bytes, .. } => Some(*bytes),
            _ => None,
        };
        events.iter().filter_map(of).collect()
    };
    let text = XOR.replace("for:       500 epochs", "for: 500 epochs\n  checkpoint: every(20 steps)");
    let all: Vec<u64> = Backend::ALL.into_iter().flat_map(|backend| sizes(Bench::new(&text).on(backend))).collect();
    assert!(all.len() >= 30 && all.iter().all(|size| *size == all[0]), "{all:?}");
}

/// What a function's machine code really has: its own memory, and the arrays that it is called with.
fn allocated(function: &Function) -> (usize, Plan) {
    let plan = plan(&simplified(function), &Machine::host());
    let arrays = [&plan.states[..], &plan.feeds, &plan.results].concat();
    let outside = arrays.iter().map(|(shape, dtype)| shape.iter().product::<usize>() * width(*dtype)).sum::<usize>();
    (native::compile(plan.clone()).arena_bytes() + outside, plan)
}

/// The functions of a run over so many rows: a step for each size of a batch, predictions for each split. Where an example has
/// several rows, as many are predicted at once as a step has.
fn functions(program: &Program, rows: [usize; 3]) -> Vec<Function> {
    let pace = cadence::pace(program, rows[0]);
    let batches = match rows[0] % pace.batch {
        0 => vec![pace.batch],
        last => vec![pace.batch, last],
    };
    let steps: Vec<Function> = match program.train.privacy {
        // The two passes of which private updates are made.
        Some(_) => Course::new(program, rows[0]).functions(program, 0).into_iter().map(|it| it.function).collect(),
        None => batches.into_iter().map(|batch| program.step(Pace { batch, ..pace })).collect(),
    };
    let splits = rows.into_iter().filter(|&rows| rows > 0);
    let windows = program.data.fields.iter().any(|field| field.window.is_some());
    let most = if windows { pace.batch } else { 256 };
    steps.into_iter().chain(splits.map(|rows| predictor(program, rows.min(most)))).collect()
}

#[test]
fn the_machine_code_of_every_example_has_the_peak_and_the_operations_that_check_says() {
    let mut smaller = 0;
    for (name, bench, train, _) in experiments() {
        let functions = functions(&bench.checked.programs[bench.program], train.rows.expect("they were read"));
        let (bytes, plans): (Vec<usize>, Vec<Plan>) = functions.iter().map(allocated).unzip();
        let footprint = train.footprint.expect("the rows are known");
        assert_eq!(footprint.peak_bytes, *bytes.iter().max().expect("a step") as u64, "{name}");
        assert_eq!(footprint.step_flops, plans[0].flops() as u64, "{name}");
        let batches: Vec<usize> = plans.iter().map(|plan| plan.feeds[0].0[0]).collect();
        smaller += usize::from(batches.len() > 1 && batches[1] < batches[0]);
    }
    assert!(smaller >= 4, "{smaller} with a last, smaller batch");
}

/// At a glance the rows of a file are unknown: what does not depend on them is exact, the rest is said to be open.
#[test]
fn what_a_glance_cannot_know_it_does_not_say() {
    let path = Path::new("it.dlm");
    let text = "dlm 1
data them {
  source: csv(\"them.csv\")
  input  x: number = a |> standardize
  target y: number = b
}
model line on x: number -> number { x |> dense(1) }
train {
  model:     line
  data:      them
  loss:      mse
  optimizer: sgd(lr: 0.1)
  batch:     8
  for:       3 epochs
}
";
    let rows: String = (0..20).map(|row| format!("{row},{}\n", 2 * row)).collect();
    let world = Memory::default().with("it.dlm", text).with("them.csv", &format!("a,b\n{rows}"));
    let of = |at| look(&world, path, None, &[], at).expect("in memory");
    let (glance, rows) = (of(Look::Glance), of(Look::Rows));
    assert!(glance.problems.is_empty(), "{:#?}", glance.problems);
    let (glance, rows) = (&glance.trains[0], &rows.trains[0]);
    assert_eq!((glance.checkpoint_bytes, &glance.steps), (None, &Steps::Formula("3 × ⌈rows / 8⌉".into())));
    let (open, known) = (glance.footprint.expect("batches of 8"), rows.footprint.expect("20 rows"));
    assert_eq!((open.step_flops, open.resident_bytes), (known.step_flops, None));
    assert_eq!((glance.tensor_bytes, &rows.steps), (rows.tensor_bytes, &Steps::Known(9)));
    assert!(rows.checkpoint_bytes > Some(rows.tensor_bytes) && known.resident_bytes > Some(known.peak_bytes));
}

/// Two experiments with one data block, of which one varies images halfway through their formula: each has the rows that it
/// reads, whichever comes first.
#[test]
fn each_experiment_is_told_of_the_rows_that_it_reads() {
    let rows: String =
        (0..24).map(|at| format!("    | {} | {} | {} |\n", at, at * 7 % 10, ["a", "b"][at % 2])).collect();
    let head = format!(
        "data marks {{
  source: table {{
    | p0 | p1 | kind |
{rows}  }}
  split:  by_position(train: 20, val: 4)
  input  image: image[2, 1, 1] = columns(\"p*\") |> scale |> reshape([2, 1, 1]) |> standardize
  target kind:  class[\"a\", \"b\"]
}}
model reader on image: image[2, 1, 1] -> logits[K] = image |> flatten |> dense(K) as head
"
    );
    let train = |name: &str, rest: &str| {
        format!(
            "train {name} {{\n  model: reader\n  data: marks\n  loss: cross_entropy\n  optimizer: adam\n  for: 2 epochs\n{rest}}}\n"
        )
    };
    let (plain, varied) = (train("plain", ""), train("varied", "  augment image { flip(vertical, p: 50%) }\n"));
    let of = |trains: &[&str]| {
        let text = format!("{head}{}", trains.concat());
        let report = look(&Memory::default(), Path::new("it.dlm"), Some(text), &[], Look::Rows).expect("in memory");
        assert!(report.problems.is_empty(), "{:#?}", report.problems);
        report.trains.into_iter().map(|it| (it.name, it.footprint, it.tensor_bytes)).collect::<Vec<_>>()
    };
    let (alone, other) = (of(&[&plain]).remove(0), of(&[&varied]).remove(0));
    assert_ne!(alone.1, other.1, "another amount of memory");
    assert_eq!(of(&[&plain, &varied]), [alone.clone(), other.clone()]);
    assert_eq!(of(&[&varied, &plain]), [other, alone]);
}
