//! A run: from a checked program to a trained artifact, and from an artifact to predictions.
//!
//! Nothing here prints. A run streams [`Event`]s to whoever asked for it, and asks a [`Stopwatch`] for the time.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::compile::{Backend, Checked, Override};
use crate::problem::Problem;
use crate::source::{Sources, World};

pub mod container;
pub mod event;
pub mod folder;
pub mod prediction;

pub use event::{End, Epoch, Event, Metrics, Reason, Start, Step, Value};
pub use prediction::{Cell, ClassRow, Classes, Evaluation, Known, Table, Trained};

/// What to run, and how.
pub struct Request<'a> {
    /// A sound program with its sources, which travel in the artifact.
    pub checked: &'a Checked,
    /// Which of its experiments: an index into `checked.programs`.
    pub program: usize,
    /// What `checked` was made with.
    pub overrides: &'a [Override],
    /// Where the data is read.
    pub world: &'a dyn World,
    /// The folder of the program's file, to which paths of data are relative.
    pub base: &'a Path,
    pub backend: Backend,
    pub place: Place<'a>,
    pub stopwatch: &'a dyn Stopwatch,
}

/// Where a run puts its files.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// `FOLDER/<file>-<train>-<n>/`, with the first free number.
    Under(&'a Path),
    /// Here; the folder must hold no other run.
    At(&'a Path),
    /// Go on from the last checkpoint of the last run of this program under this folder.
    ResumeUnder(&'a Path),
    /// Go on from the last checkpoint in this folder.
    ResumeAt(&'a Path),
}

/// The time, as a run sees it. Tests answer with what they like.
pub trait Stopwatch {
    /// Since some moment in the past, the same for every call.
    fn elapsed(&self) -> Duration;
}

/// The time of the world.
pub struct Wall(Instant);

impl Wall {
    pub fn start() -> Wall {
        Wall(Instant::now())
    }
}

impl Stopwatch for Wall {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// How a run ended that did not fail.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// As in the last event. `end.reason` tells an interrupted run from a finished one.
    pub end: End,
    pub folder: PathBuf,
    /// The trained artifact; none where the run was interrupted.
    pub artifact: Option<PathBuf>,
    /// The last checkpoint, from which the run can go on.
    pub checkpoint: Option<PathBuf>,
}

/// Why there is no outcome.
#[derive(Clone, Debug)]
pub struct Failure {
    pub cause: Cause,
    /// At least one error; warnings may be among them.
    pub problems: Vec<Problem>,
    /// What the problems' places refer to.
    pub sources: Sources,
}

/// Who has to do something: the exit code depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The program and its data do not fit together.
    Program,
    /// A file that was named cannot be read as what it should be.
    Unreadable,
    /// The run itself went wrong: not finite, disk full.
    Run,
}

/// Trains, evaluates, and writes the artifact. `stop` ends the run after the step in progress, with a checkpoint.
pub fn run(_request: &Request, _events: &mut dyn FnMut(&Event), _stop: &AtomicBool) -> Result<Outcome, Failure> {
    unimplemented!()
}
