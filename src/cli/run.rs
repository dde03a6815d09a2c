//! `dlmc run`: trains, shows how it goes, and says what came of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::again::{Again, quoted};
use super::numbers::{at_most, count, measure, micros, seconds};
use super::table::{Align, Table};
use super::terminal::Format;
use super::{Exit, Overrides, Stop, Terminal, crash, interrupt, program};
use crate::model::Program;
use crate::model::program::{CellType, FieldPlan};
use crate::problem;
use crate::session::event::Exported;
use crate::session::{self, Cause, End, Metrics, Outcome, Place, Reason, Request, Value, Wall};
use crate::source::Disk;
use crate::syntax::tree::Role;

mod progress;

use progress::Progress;

/// Check, compile, train, evaluate, and write the artifact
#[derive(clap::Args)]
pub struct Args {
    /// The program; `-` is standard input
    file: PathBuf,
    /// Which of its `train` blocks, where there are several
    train: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
    /// The folder of this run, instead of the next free one under runs/
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Go on from the last checkpoint: of the last run, or of the run in --out
    #[arg(long)]
    resume: bool,
    /// Read and decode all pictures anew, and keep nothing of them for the next run
    #[arg(long)]
    no_cache: bool,
    /// The name to show for standard input, and the folder to look in for what it names
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Stop> {
        let overrides = self.overrides.all();
        let opened = program::open(&self.file, self.stdin_filename.as_deref())?;
        // What goes on has been looked at when it began, and reads no weights again: their file may have gone.
        let checked = match self.resume {
            true => program::without_data(&opened, &overrides, terminal)?,
            false => program::sound(&opened, &overrides, terminal)?,
        };
        let chosen = program::choose(&checked, self.train.as_deref())?;
        let interrupt = interrupt::watch();
        let mut progress = Progress::new(terminal, &checked.programs[chosen].train);
        let request = Request {
            checked: &checked,
            program: chosen,
            overrides: &overrides,
            world: &Disk::of_environment().forgetful(self.no_cache).starting_programs(terminal.commands),
            base: opened.folder(),
            backend: terminal.backend,
            place: place(self.out.as_deref(), self.resume),
            stopwatch: &Wall::start(),
            objective: None,
        };
        crash::during("training", None);
        let outcome = session::run(&request, &mut |event| progress.hear(event), &interrupt.stop);
        progress.finish()?;
        let outcome = match outcome {
            Err(failure) if failure.cause == Cause::Interrupted => {
                terminal.insist("interrupted while the data was read; nothing was written\n");
                return Ok(interrupt.exit());
            }
            outcome => outcome.map_err(Stop::Failure)?,
        };
        match outcome.end.reason {
            Reason::Interrupted => {
                terminal.insist(&(spent(&outcome.end) + &self.how_to_go_on(&outcome, terminal)));
                Ok(interrupt.exit())
            }
            Reason::Done | Reason::Patience | Reason::Time => {
                if terminal.format != Format::Json {
                    let End { train, val, test, .. } = &outcome.end;
                    terminal.data(&results([train, val, test]))?;
                    terminal.talk(&farewell(&outcome, &checked.programs[chosen]));
                }
                Ok(Exit::Fine)
            }
        }
    }

    /// The last words of an interrupted run: the command that goes on with it.
    fn how_to_go_on(&self, outcome: &Outcome, terminal: &Terminal) -> String {
        let again = Again {
            verb: "run",
            file: &self.file,
            name: self.train.as_deref(),
            overrides: &self.overrides.all(),
            stdin_filename: self.stdin_filename.as_deref(),
            no_cache: self.no_cache,
            commands: terminal.commands,
            backend: terminal.backend,
        };
        let command = again.resuming(&outcome.folder);
        format!("interrupted after step {}; go on with: {command}\n", count(outcome.end.step))
    }
}

/// Where files go, by --out and --resume.
pub(super) fn place(out: Option<&Path>, resume: bool) -> Place<'_> {
    match (out, resume) {
        (None, false) => Place::Under(Path::new("runs")),
        (Some(out), false) => Place::At(out),
        (None, true) => Place::ResumeUnder(Path::new("runs")),
        (Some(out), true) => Place::ResumeAt(out),
    }
}

/// The table of splits and metrics: those of training, validation and test.
pub(super) fn results([train, val, test]: [&Metrics; 3]) -> String {
    let splits = [("train", train), ("val", val), ("test", test)];
    let splits: Vec<(&str, &Metrics)> = splits.into_iter().filter(|(_, metrics)| !metrics.is_empty()).collect();
    let mut columns = vec![("", Align::Left)];
    columns.extend(splits.iter().map(|&(split, _)| (split, Align::Right)));
    let mut table = Table::new(&columns);
    let mut names: Vec<&String> = vec![];
    for name in splits.iter().flat_map(|(_, metrics)| metrics.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let values: Vec<Option<&Value>> = splits.iter().map(|(_, metrics)| metrics.get(name)).collect();
        // Tables of numbers are what `dlmc eval` shows.
        if !values.iter().flatten().any(|value| matches!(value, Value::List(_))) {
            let cell =
                |value: &Option<&Value>| value.map_or("".into(), |value| measure(value.number().unwrap_or(f64::NAN)));
            table.row(std::iter::once(name.clone()).chain(values.iter().map(cell)));
        }
    }
    table.text()
}

/// What a private run has spent.
fn spent(end: &End) -> String {
    let Some(spent) = &end.privacy else { return String::new() };
    let known = if spent.secret { "" } else { ", for those who do not know the seed of the noise" };
    let (epsilon, delta) = (at_most(spent.epsilon), spent.delta);
    format!("  spent epsilon {epsilon} at delta {delta:e}{known}\n")
}

/// The artifacts beside the first, and what they serve.
pub(super) fn handed_out(exports: &[Exported]) -> String {
    let line = |it: &Exported| format!("  wrote {}, which serves {}\n", it.file, problem::list(&it.serves));
    exports.iter().map(line).collect()
}

/// Why it ended, where the artifact is, and what to type next.
fn farewell(outcome: &Outcome, program: &Program) -> String {
    let end = &outcome.end;
    let why = match end.reason {
        Reason::Done | Reason::Interrupted => "all steps done",
        Reason::Patience => "stopped: no more progress",
        Reason::Time => "stopped: the time is up",
    };
    let kept =
        if end.kept == end.step { String::new() } else { format!(", kept the weights of step {}", count(end.kept)) };
    let waited = micros(Duration::from_secs_f64(end.waited_seconds));
    let took = format!("{}, {waited} of it waiting for data", seconds(end.seconds));
    let mut out = format!("\n  {why} after step {}{kept} ({took})\n", count(end.step));
    out += &spent(end);
    if let Some(artifact) = &outcome.artifact {
        let artifact = artifact.display().to_string();
        let name = quoted(&artifact);
        out += &format!("  wrote {artifact}\n{}", handed_out(&end.exports));
        // Without a test split, the next that there is.
        let split = match (end.test.is_empty(), end.val.is_empty()) {
            (false, _) => "",
            (true, false) => " --split val",
            (true, true) => " --split train",
        };
        let then = use_of(program, &name);
        out += &format!("  next: dlmc eval {name}{split}\n        {then}\n");
    }
    out
}

/// The command that uses a trained model.
pub(super) fn use_of(program: &Program, name: &str) -> String {
    let mut inputs = program.data.fields.iter().filter(|field| field.role == Role::Input);
    let is_picture = |field: &FieldPlan| field.columns.iter().any(|it| matches!(it.cell, CellType::Picture(_)));
    match () {
        () if program.writing().is_some() => format!("dlmc generate {name}"),
        () if inputs.all(is_picture) => format!("dlmc predict {name} PHOTO.jpg"),
        () => format!("dlmc predict {name} ROWS.csv"),
    }
}
