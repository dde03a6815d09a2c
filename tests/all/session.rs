//! Runs from a program to its artifact, and from the artifact to predictions.

use std::cell::Cell as Slot;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dlmc::compile::{Backend, Checked, Override, check};
use dlmc::session::{self, Event, Failure, Outcome, Place, Reason, Request, Start, Stopwatch};
use dlmc::source::{Memory, World};

mod accumulating;
mod adapting;
mod exact;
pub(crate) mod examples;
mod exporting;
mod freezing;
mod plateau;
mod private;
mod predicting;
mod resuming;
mod training;
mod transferring;
mod tuning;
mod writing;

/// A clock on which every look takes the same time.
struct Ticks {
    looks: Slot<u32>,
    each: Duration,
}

impl Ticks {
    fn of(each: Duration) -> Ticks {
        Ticks { looks: Slot::new(0), each }
    }
}

impl Stopwatch for Ticks {
    fn elapsed(&self) -> Duration {
        self.looks.set(self.looks.get() + 1);
        self.each * self.looks.get()
    }
}

/// A program with a folder to run in.
pub(crate) struct Bench {
    pub(crate) checked: Checked,
    /// Which of the program's experiments.
    program: usize,
    overrides: Vec<Override>,
    world: Box<dyn World>,
    base: PathBuf,
    folder: tempfile::TempDir,
    tick: Duration,
    backend: Backend,
}

impl Bench {
    fn new(text: &str) -> Bench {
        Bench::set(text, &[])
    }

    fn set(text: &str, set: &[(&str, &str)]) -> Bench {
        Bench::within(Box::new(Memory::default().with("it.dlm", text)), Path::new("it.dlm"), set)
    }

    /// The program at `path`, whose data lies beside it.
    fn within(world: Box<dyn World>, path: &Path, set: &[(&str, &str)]) -> Bench {
        let of = |(path, value): &(&str, &str)| Override { path: path.to_string(), value: value.to_string() };
        let overrides: Vec<Override> = set.iter().map(of).collect();
        let checked = check(&*world, path, None, &overrides).unwrap();
        let problems: Vec<String> = checked.problems.iter().map(|it| format!("{}: {}", it.code, it.message)).collect();
        assert!(checked.is_sound(), "{problems:#?}");
        let base = path.parent().unwrap().to_path_buf();
        let folder = tempfile::tempdir().unwrap();
        let backend = Backend::Native;
        Bench { checked, program: 0, overrides, world, base, folder, tick: Duration::from_millis(1), backend }
    }

    /// Every step takes so long that it is told.
    fn slow(self) -> Bench {
        Bench { tick: Duration::from_millis(150), ..self }
    }

    fn on(self, backend: Backend) -> Bench {
        Bench { backend, ..self }
    }

    fn run(&self) -> (Outcome, Vec<Event>) {
        let (outcome, events) = self.try_run(Place::Under(self.folder.path()), |_| false);
        (outcome.unwrap_or_else(|failure| panic!("{:#?}", failure.problems)), events)
    }

    fn fail(&self) -> Failure {
        self.try_run(Place::Under(self.folder.path()), |_| false).0.unwrap_err()
    }

    fn request<'a>(&'a self, place: Place<'a>, stopwatch: &'a Ticks) -> Request<'a> {
        Request {
            checked: &self.checked,
            program: self.program,
            overrides: &self.overrides,
            world: &*self.world,
            base: &self.base,
            backend: self.backend,
            place,
            stopwatch,
            objective: None,
        }
    }

    /// Runs until it is over, or `enough`.
    fn try_run(&self, place: Place, enough: impl Fn(&Event) -> bool) -> (Result<Outcome, Failure>, Vec<Event>) {
        let ticks = Ticks::of(self.tick);
        let request = self.request(place, &ticks);
        let (mut events, stop) = (vec![], AtomicBool::new(false));
        let outcome = session::run(
            &request,
            &mut |event| {
                stop.fetch_or(enough(event), Ordering::Relaxed);
                events.push(event.clone());
            },
            &stop,
        );
        (outcome, events)
    }
}

/// What is told when a run begins.
fn start(events: &[Event]) -> &Start {
    let start = events.iter().find_map(|event| match event {
        Event::Start(start) => Some(start),
        _ => None,
    });
    start.expect("a start")
}

fn is_step(event: &Event, at: u64) -> bool {
    matches!(event, Event::Step(step) if step.step == at)
}

/// The training loss of every epoch, with its step.
fn losses(events: &[Event]) -> Vec<(u64, f64)> {
    let of = |event: &Event| match event {
        Event::Epoch(epoch) => Some((epoch.step, epoch.train["loss"].number().unwrap())),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// The log holds what was told, a line each.
fn assert_logged(outcome: &Outcome, events: &[Event]) {
    let text = std::fs::read_to_string(outcome.folder.join("log.jsonl")).unwrap();
    let lines: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    assert_eq!(text.lines().count(), lines.len());
    for (logged, told) in text.lines().zip(&lines) {
        assert_eq!(logged, told);
    }
}

const XOR: &str = "dlm 1

data xor {
  source: table {
    | a | b | y |
    | 0 | 0 | 0 |
    | 0 | 1 | 1 |
    | 1 | 0 | 1 |
    | 1 | 1 | 0 |
  }
  input  x: f32[2] = [a, b]
  target y: binary
}

model xor_net on x: f32[2] -> logit {
  x
  |> dense(8, tanh) as hidden
  |> dense(1)       as out
}

train {
  model:     xor_net
  data:      xor
  loss:      binary_cross_entropy
  optimizer: adam(lr: 0.05)
  batch:     all
  for:       500 epochs
  seed:      42
}
";

/// Three kinds of points in a plane, two measures of different scale, an identity, and a batch size that does not divide
/// the number of rows.
fn points() -> String {
    let mut rows = String::from("    | id | a | b | kind |\n");
    for i in 0..60 {
        let (kind, angle) = (["ape", "bee", "cat"][i % 3], i as f64 * 0.7);
        let (x, y) = [(0.0, 0.0), (3.0, 0.5), (1.0, 4.0)][i % 3];
        rows += &format!("    | r{i} | {:.3} | {:.2} | {kind} |\n", x + angle.sin(), 100.0 * (y + angle.cos()));
    }
    format!(
        "dlm 1

data points {{
  source: table {{
{rows}  }}
  split: random(train: 60%, val: 20%, test: 20%)
  id     id:   text
  input  a:    number = a |> standardize
  input  b:    number = b |> standardize
  target kind: class[3]
}}

model net on (a: number, b: number) -> logits[3] {{
  concat(a, b)
  |> dense(8, relu) as hidden
  |> dropout(20%)
  |> dense(3)       as out
}}

train {{
  model:     net
  data:      points
  loss:      cross_entropy
  optimizer: adam(lr: 0.02)
  batch:     8
  for:       20 epochs
  metrics:   [accuracy]
  keep:      best(val.loss)
  seed:      3
}}
"
    )
}

/// A line whose target is changed by its formula, so that metrics must be told in the user's units.
const LINE: &str = "dlm 1

data line {
  source: table {
    | x | price |
    | 1 | 1010  |
    | 2 | 1020  |
    | 3 | 1030  |
    | 4 | 1040  |
    | 5 | 1050  |
  }
  input  x:     number
  target price: number = price |> standardize
}

model line_net on x: number -> number {
  x |> dense(1) as out
}

train {
  model:     line_net
  data:      line
  loss:      mse
  optimizer: adam(lr: 0.1)
  batch:     all
  for:       400 epochs
  metrics:   [mae]
}
";
