//! A run: from a checked program to a trained artifact, and from an artifact to predictions.
//!
//! Nothing here prints. A run streams [`Event`]s to whoever asked for it, and asks a [`Stopwatch`] for the time.

use std::cell::{Cell as Slot, RefCell};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::compile::{Backend, Checked, Override, executor};
use crate::data::files::Files;
use crate::data::{self, Dataset, Fitted, Limits, Watch, Work};
use crate::model::Program;
use crate::model::program::{Keep, Objective, Preview, Split};
use crate::problem::run::{Change, NothingToResume, NothingToWatch, ResumeChanged};
use crate::problem::{Problem, allow};
use crate::source::{Sources, World};
use crate::tensor::{Array, Clock};

pub mod accountant;
pub mod artifact;
pub mod bench;
pub mod cadence;
pub mod container;
pub mod course;
pub mod event;
pub mod export;
pub mod folder;
pub mod footprint;
pub mod formulas;
pub mod generation;
pub mod inspection;
pub mod journal;
pub mod lints;
pub mod measure;
pub mod prediction;
pub mod preview;
pub mod privacy;
pub mod rates;
pub mod reading;
pub mod stepper;
pub mod training;
pub mod transfer;
pub mod tune;

use artifact::{Artifact, DataRecord, Origin, ProgramRecord, Progress, model_states};
use folder::{Folder, show};
use footprint::{Footprint, Held, Rows};
use formulas::Formulas;
use generation::preview_of;
use journal::Journal;
use measure::Model;
use stepper::Stepper;
use training::Training;

pub use event::{End, Epoch, Event, Metrics, Reason, Start, Step, Value};
pub use prediction::{Cell, ClassRow, Classes, Evaluation, Known, Predictions, Table, Through, Trained};

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
    /// By what a search judges the run, where it is a trial of one: measured at every look, and the test split is left alone.
    pub objective: Option<&'a Objective>,
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
    /// At least one error, unless the run was interrupted; warnings may be among them.
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
    /// Somebody wanted it to end before its first step. Nothing was written.
    Interrupted,
}

/// Trains, evaluates, and writes the artifact. `stop` ends the run after the step in progress, with a checkpoint.
pub fn run(request: &Request, events: &mut dyn FnMut(&Event), stop: &AtomicBool) -> Result<Outcome, Failure> {
    let begun = Begun::new(request)?;
    let fitted = begun.resumed.as_ref().map(|(_, artifact)| &artifact.document.data.fitted);
    let mut told = |work, done, of| events(&Event::Reading { work, done, of });
    let dataset = read(request, fitted, &mut told, stop)?;
    train(request, begun, &dataset, events, stop)
}

/// The same with data that has been read: all that the program reads, as it reads it.
pub fn run_on(
    request: &Request,
    dataset: &Dataset,
    events: &mut dyn FnMut(&Event),
    stop: &AtomicBool,
) -> Result<Outcome, Failure> {
    train(request, Begun::new(request)?, dataset, events, stop)
}

/// All rows that the experiment reads; with `fitted`, encoded as they were then. `told` hears how far it is.
fn read(
    request: &Request,
    fitted: Option<&Fitted>,
    told: &mut dyn FnMut(Work, usize, usize),
    stop: &AtomicBool,
) -> Result<Dataset, Failure> {
    let program = &request.checked.programs[request.program];
    let watch = Reading { listener: RefCell::new(told), known: Slot::new(0), stop };
    let files = Files { watch: &watch, ..Files::new(request.world, request.base, Limits::default()) };
    let fitted = fitted.filter(|fitted| fitted.fits(&program.data));
    data::load_watched(files, &program.data, fitted, &mut Formulas(program)).map_err(|problems| {
        let cause = if problems.is_empty() { Cause::Interrupted } else { Cause::Program };
        request.failure(cause, problems)
    })
}

/// A run of which is known where it begins.
struct Begun {
    began: Duration,
    record: ProgramRecord,
    /// The folder and the checkpoint from which it goes on.
    resumed: Option<(Folder, Artifact)>,
}

impl Request<'_> {
    fn failure(&self, cause: Cause, problems: Vec<Problem>) -> Failure {
        Failure { cause, problems, sources: self.checked.sources.clone() }
    }
}

impl Begun {
    fn new(request: &Request) -> Result<Begun, Failure> {
        let began = request.stopwatch.elapsed();
        let record = ProgramRecord::new(request.checked, request.program, request.overrides, request.base);
        let resumed = resume(request, &record).map_err(|problem| request.failure(Cause::Run, vec![problem]))?;
        Ok(Begun { began, record, resumed })
    }
}

/// What follows once the data is there.
fn train(
    request: &Request,
    begun: Begun,
    dataset: &Dataset,
    events: &mut dyn FnMut(&Event),
    stop: &AtomicBool,
) -> Result<Outcome, Failure> {
    let Begun { began, record, resumed } = begun;
    let program = &request.checked.programs[request.program];
    let fail = |cause, problems| request.failure(cause, problems);
    let broken = |problem| fail(Cause::Run, vec![problem]);
    let data = DataRecord::new(program, dataset);
    let mut origin = Origin { program, record, data, backend: request.backend, transfers: vec![], privacy: None };
    if let Some((_, artifact)) = &resumed {
        unchanged(artifact, &origin).map_err(broken)?;
    }
    let watched = unwatchable(request, dataset);
    if !watched.is_empty() {
        return Err(fail(Cause::Program, watched));
    }

    let late = program.paced(cadence::pace(program, dataset.part(Split::Train).rows));
    if !late.is_empty() {
        return Err(fail(Cause::Program, late));
    }

    let privacy = privacy::Plan::of(program, dataset.part(Split::Train).rows);
    let privacy = privacy.map_err(|problem| fail(Cause::Program, vec![problem]))?;
    origin.privacy = privacy.clone();

    let begun = match &resumed {
        Some((_, artifact)) => {
            origin.transfers = artifact.document.transfers.clone();
            vec![]
        }
        None => {
            let mut states = initial(program);
            let loaded = transfer::load(request.world, request.base, &request.checked.sources, program, &mut states);
            origin.transfers = loaded.map_err(|problems| fail(Cause::Program, problems))?;
            states
        }
    };
    let compiling = request.stopwatch.elapsed();
    let (mut progress, states, best) = match &resumed {
        None => (Progress::default(), begun, None),
        Some((_, artifact)) => {
            let (states, best) = artifact.states(program).map_err(broken)?;
            (artifact.document.progress.clone().expect("asked by `resume`"), states, best)
        }
    };
    // What nobody knows stays what it is when a run goes on.
    progress.noise = progress.noise.or(privacy.as_ref().map(privacy::Plan::seed));
    let hidden = privacy.as_ref().zip(progress.noise);
    let stepper = Stepper::new(program, dataset, request.backend, progress.at.step, states, hidden);
    let mut model = Model::new(program, &dataset.fitted, request.backend).within(&stepper.room);
    if let Some(preview) = &program.train.preview {
        // What cannot be written is told before anything is trained.
        let mut weights = stepper.states[..model_states(program).count()].to_vec();
        let first = Preview { tokens: 1, ..preview.clone() };
        preview_of(program, &dataset.fitted, &mut model, &mut weights, &first).map_err(broken)?;
    }
    let predictors = model.prepare(Split::ALL.map(|split| dataset.judged(split)).into_iter());
    let compile_ms = (request.stopwatch.elapsed() - compiling).as_secs_f64() * 1000.0;
    let sums = stepper.course.sums_bytes(program);
    let held = Held { batch: stepper.batch_bytes(), sums, rows: Rows::of(dataset) };
    let footprint = stepper.costs.as_ref().zip(predictors);
    let footprint = footprint.and_then(|(phases, predictors)| Footprint::of(program, phases, &predictors, Some(held)));
    let resumed_at = resumed.as_ref().map(|_| progress.at.step);
    let folder = match resumed {
        Some((folder, _)) => folder,
        None => create(request, &origin.record).map_err(broken)?,
    };
    let mut journal = Journal::new(events, folder.log().map_err(broken)?);
    journal.tell(&Event::Start(Start {
        name: program.name.clone(),
        backend: request.backend.word().into(),
        threads: 1,
        parameters: program.parameters() as u64,
        trained: program.trained as u64,
        step_flops: footprint.map(|it| it.step_flops),
        peak_bytes: footprint.map(|it| it.peak_bytes),
        resident_bytes: footprint.and_then(|it| it.resident_bytes),
        data_ms: (compiling - began).as_secs_f64() * 1000.0,
        compile_ms,
        seed: program.train.seed,
        steps: stepper.course.extent.total,
        epoch_steps: stepper.course.extent.epoch,
        privacy: privacy.as_ref().map(|it| it.guarantee(it.updates)),
        train: dataset.part(Split::Train).rows,
        val: dataset.part(Split::Val).rows,
        test: dataset.part(Split::Test).rows,
        folder: show(folder.path()),
        resumed: resumed_at,
    }));
    if resumed_at.is_none() {
        origin.transfers.iter().for_each(|it| journal.tell(&Event::Transfer(it.clone())));
    }
    let warnings = dataset.warnings.iter().cloned().chain(lints::lints(program, dataset));
    for warning in allow::heed(&request.checked.sources, warnings.collect()) {
        journal.warn(&warning);
    }

    let spent = progress.at.seconds;
    let mut training = Training {
        program,
        dataset,
        origin: &origin,
        folder: &folder,
        stepper,
        model,
        best,
        progress,
        stopwatch: request.stopwatch,
        began,
        spent,
        objective: request.objective.map(|it| &it.metric),
        // Of the trials of a search one becomes an artifact that is handed out.
        exports: request.checked.exports_of(program).filter(|_| request.objective.is_none()).collect(),
    };
    let reason = training.train(&mut journal, stop).map_err(broken)?;
    let end = match reason {
        Reason::Interrupted => training.interrupt(&mut journal),
        Reason::Done | Reason::Patience | Reason::Time => training.finish(reason),
    };
    let end = end.map_err(broken)?;
    journal.tell(&Event::End(end.clone()));
    Ok(Outcome {
        artifact: end.artifact.is_some().then(|| folder.artifact()),
        checkpoint: folder.last_checkpoint(),
        folder: folder.path().into(),
        end,
    })
}

/// How the reading of data is told: a hundredth of the work at a time.
struct Reading<'a> {
    listener: RefCell<&'a mut dyn FnMut(Work, usize, usize)>,
    /// The hundredths that were told last.
    known: Slot<usize>,
    stop: &'a AtomicBool,
}

impl Watch for Reading<'_> {
    fn goes_on(&self, work: Work, done: usize, of: usize) -> bool {
        let hundredths = done * 100 / of.max(1);
        if hundredths != self.known.replace(hundredths) {
            (self.listener.borrow_mut())(work, done, of);
        }
        !self.stop.load(Ordering::Relaxed)
    }
}

/// The folder and the checkpoint to go on from, if that is wanted.
fn resume(request: &Request, record: &ProgramRecord) -> Result<Option<(Folder, Artifact)>, Problem> {
    let folder = match request.place {
        Place::Under(_) | Place::At(_) => return Ok(None),
        Place::ResumeUnder(parent) => Folder::resume(parent, &record.run_name())?,
        Place::ResumeAt(path) => Folder::resume_at(path)?,
    };
    let checkpoint = folder.last_checkpoint().expect("asked by the folder");
    let artifact = Artifact::read(&checkpoint)?;
    match artifact.document.progress {
        Some(_) => Ok(Some((folder, artifact))),
        None => Err(NothingToResume { folder: show(folder.path()) }.into()),
    }
}

fn create(request: &Request, record: &ProgramRecord) -> Result<Folder, Problem> {
    match request.place {
        Place::Under(parent) | Place::ResumeUnder(parent) => Folder::create(parent, &record.run_name()),
        Place::At(path) | Place::ResumeAt(path) => Folder::create_at(path),
    }
}

/// A run goes on only as what it was.
fn unchanged(artifact: &Artifact, origin: &Origin) -> Result<(), Problem> {
    let document = &artifact.document;
    let change = if document.program.fingerprint != origin.record.fingerprint
        || document.program.library != origin.record.library
    {
        Change::Program
    } else if document.data != origin.data {
        Change::Data
    } else if document.training.backend != origin.backend.word() {
        Change::Backend
    } else {
        return Ok(());
    };
    Err(ResumeChanged { checkpoint: show(&artifact.path), change }.into())
}

/// Metrics that decide something, of splits that have no examples.
fn unwatchable(request: &Request, dataset: &Dataset) -> Vec<Problem> {
    let program = &request.checked.programs[request.program];
    let train = &program.train;
    let keep = match &train.keep {
        Keep::Best { metric, span: Some(span) } => Some(("keep", metric, *span)),
        Keep::Best { span: None, .. } | Keep::Last => None,
    };
    let stop = train.stop.as_ref().map(|stop| ("stop", &stop.metric, stop.span));
    let plateau = train.plateau.as_ref().map(|it| ("schedule", &it.metric, it.span));
    let objective = request.objective.map(|it| ("objective", &it.metric, it.span));
    let watched = [keep, stop, plateau, objective].into_iter().flatten();
    let watched = watched.filter(|(_, metric, _)| dataset.part(metric.split).rows == 0);
    let split_at = program.data.split.span.unwrap_or(program.data.span);
    watched
        .map(|(setting, metric, at)| NothingToWatch { setting, split: metric.split.word(), at, split_at }.into())
        .collect()
}

/// The first value of every state.
fn initial(program: &Program) -> Vec<Array> {
    let clock = Clock { seed: program.train.seed, step: 0 };
    executor(&program.initial(), Backend::Interpreter).run(&mut [], &[], clock)
}
