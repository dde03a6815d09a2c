//! A search: trials one after the other, each of them a run with a folder of its own, and the best of them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub mod event;
pub mod median;
pub mod points;
mod record;

use super::artifact::{Artifact, Origin, ProgramRecord, fingerprint};
use super::event as run;
use super::event::{Metrics, Value};
use super::export::write_artifacts;
use super::folder::{ARTIFACT, Folder, not_written, run_name, show};
use super::measure::Model;
use super::{Cause, Failure, Place, Request, read, run_on, unwatchable};
use crate::compile::{Checked, Override, TunePlan};
use crate::data::Dataset;
use crate::model::Program;
use crate::model::program::{Objective, Split};
use crate::model::train::first_word;
use crate::model::tune::is_own;
use crate::problem::run::{Change, LossNotFinite, ResumeChanged, WeightsNotFinite};
use crate::problem::training::UnknownMetricPath;
use crate::problem::tuning::{NoTrialLeft, ObjectiveNotFinite};
use crate::problem::{Problem, Severity};
use median::is_hopeless;
use points::points;
use record::{Begun, Known, Log, folder_of, look};

pub use event::{Best, Complaint, End, Event, Reason, Spread, Start, State, Trial, Values};

/// How a search ended that did not fail.
#[derive(Clone, Debug)]
pub struct Found {
    /// As in the last event.
    pub end: End,
    pub folder: PathBuf,
}

/// Runs the trials of `plan`, a search over the experiment of `request`, and writes the artifact of the best of them.
/// `stop` ends it after the step in progress, so that it can go on.
pub fn search(
    request: &Request,
    plan: &TunePlan,
    events: &mut dyn FnMut(&Event),
    stop: &AtomicBool,
) -> Result<Found, Failure> {
    let broken = |problem| request.failure(Cause::Run, vec![problem]);
    let began = request.stopwatch.elapsed();
    let fixed = plan.beside(&request.checked.set);
    if !fixed.is_empty() {
        return Err(request.failure(Cause::Program, fixed));
    }
    let overrides = of_all_trials(request.checked, request.overrides);
    let record = ProgramRecord::new(request.checked, request.program, &overrides, request.base);
    let name = plan.name.as_ref().map_or("tune".to_string(), |name| format!("tune-{name}"));
    let name = run_name(&record.files[0].name, Some(&name));
    let fingerprint = fingerprint_of(plan, &record);
    let points = points(plan);
    let known = record::resume(request.place, &name).map_err(broken)?;
    if let Some(known) = &known {
        known.unchanged(&fingerprint, request.backend.word()).map_err(broken)?;
        known.unfinished(points.len()).map_err(broken)?;
    }

    // What cannot be read is told before anything is written.
    let base = Request { objective: Some(&plan.objective), ..*request };
    let program = &request.checked.programs[request.program];
    let dataset = read(&base, None, &mut |work, done, of| events(&Event::Reading { work, done, of }), stop)?;
    let watched = unwatchable(&base, &dataset);
    if !watched.is_empty() {
        return Err(request.failure(Cause::Program, watched));
    }
    let is_new = known.is_none();
    let (folder, trials) = match known {
        Some(Known { folder, trials, .. }) => (folder, trials),
        None => {
            let folder = match request.place {
                Place::Under(parent) | Place::ResumeUnder(parent) => Folder::create(parent, &name),
                Place::At(path) | Place::ResumeAt(path) => Folder::create_at(path),
            };
            (folder.map_err(broken)?, vec![])
        }
    };
    if trials.iter().any(|it| it.data.as_ref().is_some_and(|data| *data != dataset.fingerprint)) {
        let change = Change::Data;
        let checkpoint = show(&folder.path().join(super::folder::LOG));
        return Err(broken(ResumeChanged { checkpoint, change }.into()));
    }
    let spent = trials.iter().map(|it| it.seconds).sum();
    let own = reads(program);
    let data = Data { reads: own.clone(), dataset };
    let mut search = Search { request, plan, overrides, folder, data: Some(data), own, trials, stop, began, spent };
    let mut log = Log::open(&search.folder, events).map_err(broken)?;
    let start = Start {
        name: plan.name.clone(),
        train: plan.train.clone(),
        objective: plan.metric.clone(),
        rising: plan.objective.metric.rising,
        trials: points.len() as u64,
        seed: plan.seed,
        backend: request.backend.word().into(),
        folder: show(search.folder.path()),
        resumed: (!is_new).then_some(search.trials.len() as u64),
        fingerprint,
    };
    log.tell(&Event::Search(start)).map_err(broken)?;
    search.trials.iter().for_each(|it| log.mention(&Event::Trial(it.clone())));
    // Of the trials of a search that goes on, one may have begun.
    let mut may_have_begun = !is_new;
    let mut reason = Reason::Done;
    while let Some(point) = points.get(search.trials.len()) {
        if let Some(over) = search.is_over() {
            reason = over;
            break;
        }
        let values = plan.keys.iter().map(|key| key.path.clone()).zip(point.iter().cloned()).collect();
        match search.trial(&mut log, values, may_have_begun)? {
            Some(trial) => {
                log.tell(&Event::Trial(trial.clone())).map_err(broken)?;
                search.trials.push(trial);
            }
            None => {
                reason = search.is_over().unwrap_or(Reason::Interrupted);
                break;
            }
        }
        may_have_begun = false;
    }
    let end = search.finish(&mut log, reason)?;
    log.tell(&Event::End(end.clone())).map_err(broken)?;
    Ok(Found { end, folder: search.folder.path().into() })
}

/// The overrides that the trials of a search have in common: how the search goes is nothing that they know of.
pub fn of_all_trials(checked: &Checked, overrides: &[Override]) -> Vec<Override> {
    let set = overrides.iter().zip(&checked.set);
    set.filter(|(_, set)| !is_own(&set.path)).map(|(it, _)| it.clone()).collect()
}

/// Of all that decides what trials are tried and what becomes of them. How many there are decides nothing of that.
fn fingerprint_of(plan: &TunePlan, record: &ProgramRecord) -> String {
    let keys: Vec<(&str, String)> = plan.keys.iter().map(|key| (&*key.path, format!("{:?}", key.values))).collect();
    fingerprint(&(&record.fingerprint, &record.library, &keys, &plan.metric, plan.seed, plan.prunes))
}

/// A search while it goes.
struct Search<'a> {
    request: &'a Request<'a>,
    plan: &'a TunePlan,
    /// Those of all trials.
    overrides: Vec<Override>,
    folder: Folder,
    /// What was read last.
    data: Option<Data>,
    /// What the program reads without the values of a trial.
    own: String,
    /// Those that are over.
    trials: Vec<Trial>,
    stop: &'a AtomicBool,
    /// The reading of the stopwatch when this process began with the search, and the seconds spent before.
    began: Duration,
    spent: f64,
}

/// Rows, and what they were read for.
struct Data {
    reads: String,
    dataset: Dataset,
}

/// All that decides what is read, and how: two programs of which this is the same read the same.
fn reads(program: &Program) -> String {
    let mut all = format!("{:?}", program.data);
    for (at, field) in program.data.fields.iter().enumerate() {
        if field.fits > 0 {
            all += &format!("{:?}", program.fit(at, 2));
        }
        if field.encoded {
            all += &format!("{:?}", program.encode(at, 2));
        }
        if field.halfway.is_some() {
            all += &format!("{:?}", program.encode_first(at, 2));
        }
    }
    fingerprint(&all)
}

impl Search<'_> {
    fn seconds(&self) -> f64 {
        self.spent + (self.request.stopwatch.elapsed() - self.began).as_secs_f64()
    }

    /// Why no more is done, if no more is.
    fn is_over(&self) -> Option<Reason> {
        if self.stop.load(Ordering::Relaxed) {
            Some(Reason::Interrupted)
        } else if self.plan.at_most.is_some_and(|most| self.seconds() >= most) {
            Some(Reason::Time)
        } else {
            None
        }
    }

    /// The overrides of a trial, and what the program is with them.
    fn program(&self, values: &Values) -> (Vec<Override>, Checked) {
        let own = values.iter().map(|(path, value)| Override { path: path.clone(), value: value.clone() });
        let overrides: Vec<Override> = self.overrides.iter().cloned().chain(own).collect();
        let Request { checked, program, base, .. } = *self.request;
        let record = ProgramRecord::new(checked, program, &overrides, base);
        (overrides, record.check().expect("its texts are in memory"))
    }

    /// Reads the data of a trial, unless it is what was read last.
    fn read(&mut self, request: &Request, log: &mut Log) -> Result<(), Failure> {
        let reads = reads(&request.checked.programs[request.program]);
        if self.data.as_ref().is_none_or(|data| data.reads != reads) {
            // The old goes before the new comes: there is room for one of them.
            self.data = None;
            let mut told = |work, done, of| log.mention(&Event::Reading { work, done, of });
            let dataset = read(request, None, &mut told, self.stop)?;
            self.data = Some(Data { reads, dataset });
        }
        Ok(())
    }

    /// Whether a trial is to end early.
    fn is_hopeless(&self, trial: &Trial) -> bool {
        self.plan.prunes && is_hopeless(&trial.looks, &self.trials, self.plan.objective.metric.rising)
    }

    fn data(&self) -> &Data {
        self.data.as_ref().expect("read before")
    }

    /// Runs the next trial. Nothing where it was ended before it came to its end, so that it can go on.
    fn trial(&mut self, log: &mut Log, values: Values, may_have_begun: bool) -> Result<Option<Trial>, Failure> {
        let began = self.request.stopwatch.elapsed();
        let (overrides, checked) = self.program(&values);
        let number = self.trials.len() as u64 + 1;
        let folder = folder_of(self.folder.path(), number);
        let begin = Event::Begin { trial: number, values: values.clone(), folder: show(&folder) };
        log.tell(&begin).map_err(|problem| self.request.failure(Cause::Run, vec![problem]))?;
        let (state, data, looks) = (State::Failed, None, vec![]);
        let (folder_name, objective, problem) = (show(&folder), None, None);
        let mut trial =
            Trial { trial: number, values, state, objective, looks, seconds: 0.0, folder: folder_name, data, problem };
        let stopwatch = self.request.stopwatch;
        let seconds = || (stopwatch.elapsed() - began).as_secs_f64();
        let at = checked.programs.iter().position(|it| it.name == self.plan.train).filter(|_| checked.is_sound());
        let objective = at.and_then(|at| self.plan.objective_of(&checked.programs[at]));
        let (Some(program), Some(objective)) = (at, objective) else {
            let (path, at) = (self.plan.metric.clone(), self.plan.objective.span);
            let missing = UnknownMetricPath { path, at, near: None, metric: None, known: vec![] }.into();
            let problems: Vec<Problem> = checked.problems.iter().cloned().chain([missing]).collect();
            return Ok(Some(Trial { seconds: seconds(), problem: complaint(&problems), ..trial }));
        };
        let request = Request {
            checked: &checked,
            program,
            overrides: &overrides,
            place: Place::At(&folder),
            objective: Some(&objective),
            ..*self.request
        };
        if let Err(failure) = self.read(&request, log) {
            if failure.cause == Cause::Interrupted {
                return Ok(None);
            }
            return Ok(Some(Trial { seconds: seconds(), problem: complaint(&failure.problems), ..trial }));
        }
        let data = self.data();
        trial.data = (data.reads == self.own).then(|| data.dataset.fingerprint.clone());
        let metric = measured(&checked.programs[program], &objective);
        let begun = if may_have_begun { Begun::of(&folder, objective.metric.split, &metric) } else { Begun::Not };
        let place = match begun {
            Begun::Not => {
                // Without a checkpoint nothing of it can be gone on with.
                if may_have_begun && folder.exists() {
                    let gone = std::fs::remove_dir_all(&folder);
                    gone.map_err(|error| request.failure(Cause::Run, vec![not_written(&folder, &error)]))?;
                }
                Place::At(&folder)
            }
            Begun::Interrupted(looks) => {
                trial.looks = looks;
                // The process ended between the checkpoint and the line in the log.
                if self.is_hopeless(&trial) {
                    trial.stop();
                    return Ok(Some(Trial { seconds: seconds(), ..trial }));
                }
                Place::ResumeAt(&folder)
            }
            Begun::Done(looks) => {
                let artifact = Artifact::read(&folder.join(ARTIFACT));
                let artifact = artifact.map_err(|problem| request.failure(Cause::Run, vec![problem]))?;
                let metrics = artifact.document.training.metrics.get(objective.metric.split.word());
                trial.looks = looks;
                trial.seconds = seconds();
                trial.judge(metrics, &metric, &objective);
                return Ok(Some(trial));
            }
        };
        let request = Request { place, ..request };
        let (halt, mut hopeless, mut steps) = (AtomicBool::new(false), false, 0);
        let outcome = run_on(
            &request,
            &data.dataset,
            &mut |event| {
                if self.is_over().is_some() {
                    halt.store(true, Ordering::Relaxed);
                }
                match event {
                    run::Event::Start(start) => steps = start.steps,
                    run::Event::Step(step) => log.mention(&Event::Step { trial: number, step: step.step, steps }),
                    _ => {}
                }
                if let Some((_, look)) = look(event, objective.metric.split, &metric) {
                    trial.looks.push(look);
                    hopeless |= self.is_hopeless(&trial);
                    halt.fetch_or(hopeless, Ordering::Relaxed);
                }
            },
            &halt,
        );
        match outcome {
            Ok(outcome) => {
                trial.seconds = outcome.end.seconds;
                match (outcome.end.reason, hopeless) {
                    (run::Reason::Interrupted, false) => return Ok(None),
                    (run::Reason::Interrupted, true) => trial.stop(),
                    (run::Reason::Done | run::Reason::Patience | run::Reason::Time, _) => {
                        let end = &outcome.end;
                        let metrics = if objective.metric.split == Split::Train { &end.train } else { &end.val };
                        trial.judge(Some(metrics), &metric, &objective);
                    }
                }
            }
            Err(failure) if failure.cause == Cause::Interrupted => return Ok(None),
            Err(failure) if is_of_the_values(&failure) => {
                trial.seconds = seconds();
                trial.problem = complaint(&failure.problems);
            }
            Err(failure) => return Err(failure),
        }
        Ok(Some(trial))
    }

    /// What has come of it. Where the search is over, the best trial is measured on the test split, and becomes its artifact.
    fn finish(&mut self, log: &mut Log, reason: Reason) -> Result<End, Failure> {
        let count = |state| self.trials.iter().filter(|it| it.state == state).count() as u64;
        let [done, stopped, failed] = [State::Done, State::Stopped, State::Failed].map(count);
        let rising = self.plan.objective.metric.rising;
        let values: Vec<f64> = self.done().map(|(_, value)| value).collect();
        let best = self.done().reduce(|best, it| {
            let better = if rising { it.1 > best.1 } else { it.1 < best.1 };
            if better { it } else { best }
        });
        let spread = best.map(|(_, best)| {
            let worst = values.iter().copied().reduce(if rising { f64::min } else { f64::max }).expect("the best one");
            Spread { worst, median: median::median(&values), best }
        });
        let best = best.map(|(trial, objective)| (trial.clone(), objective));
        let mut reason = reason;
        let best = match best {
            Some((trial, objective)) => Some(self.best(log, trial, objective, &mut reason)?),
            None if reason == Reason::Done && failed > 0 => {
                let first = self.trials.iter().find_map(|it| it.problem.as_ref());
                let first = first.map_or(String::new(), |it| it.message.clone());
                let (trials, at) = (self.trials.len(), self.plan.span);
                let problem = NoTrialLeft { trials, first, at: first_word(at, "tune") };
                return Err(self.request.failure(Cause::Run, vec![problem.into()]));
            }
            None => None,
        };
        let seconds = self.trials.iter().map(|it| it.seconds).sum();
        Ok(End { reason, done, stopped, failed, best, spread, seconds })
    }

    /// The trials that came to their end, and their objectives.
    fn done(&self) -> impl Iterator<Item = (&Trial, f64)> {
        let done = self.trials.iter().filter(|it| it.state == State::Done);
        done.filter_map(|it| Some((it, it.objective?)))
    }

    /// The best trial. Its artifact becomes that of the search, with metrics on the test split, unless the search can go on.
    fn best(&mut self, log: &mut Log, trial: Trial, objective: f64, reason: &mut Reason) -> Result<Best, Failure> {
        let path = folder_of(self.folder.path(), trial.trial).join(ARTIFACT);
        let (overrides, checked) = self.program(&trial.values);
        let broken =
            |problem: Problem| Failure { cause: Cause::Run, problems: vec![problem], sources: checked.sources.clone() };
        let artifact = Artifact::read(&path).map_err(broken)?;
        let mut training = artifact.document.training.clone();
        let of = |split: Split, all: &indexmap::IndexMap<String, Metrics>| {
            all.get(split.word()).cloned().unwrap_or_default()
        };
        let [train, val] = [Split::Train, Split::Val].map(|split| of(split, &training.metrics));
        let mut best = Best {
            trial: trial.trial,
            values: trial.values,
            objective,
            train,
            val,
            test: Metrics::new(),
            artifact: Some(show(&path)),
            exports: vec![],
        };
        if *reason == Reason::Interrupted {
            return Ok(best);
        }
        let at = checked.programs.iter().position(|it| it.name == self.plan.train).expect("it has been trained");
        let request = Request { checked: &checked, program: at, overrides: &overrides, ..*self.request };
        match self.read(&request, log) {
            Err(failure) if failure.cause == Cause::Interrupted => {
                *reason = Reason::Interrupted;
                return Ok(best);
            }
            read => read?,
        }
        let (program, dataset) = (&checked.programs[at], &self.data().dataset);
        let mut weights = artifact.weights(program).map_err(broken)?;
        let mut model = Model::new(program, &dataset.fitted, request.backend);
        best.test = model.metrics(&mut weights, dataset.judged(Split::Test));
        if !best.test.is_empty() {
            training.metrics.insert(Split::Test.word().into(), best.test.clone());
        }
        let document = artifact.document;
        let (record, data, transfers) = (document.program, document.data, document.transfers);
        // A private training is never searched.
        let origin = Origin { program, record, data, backend: request.backend, transfers, privacy: None };
        let exports: Vec<_> = checked.exports_of(program).collect();
        let written = write_artifacts(&origin, &self.folder, &exports, &weights, training).map_err(broken)?;
        (best.artifact, best.exports) = (Some(written.0), written.1);
        Ok(best)
    }
}

impl Trial {
    /// The trial has ended early.
    fn stop(&mut self) {
        self.state = State::Stopped;
        self.objective = self.looks.last().map(|(_, value)| *value);
    }

    /// The trial came to its end with these metrics.
    fn judge(&mut self, metrics: Option<&Metrics>, metric: &str, objective: &Objective) {
        let value = metrics.and_then(|it| it.get(metric)).and_then(Value::number).filter(|it| it.is_finite());
        self.objective = value;
        match value {
            Some(_) => self.state = State::Done,
            None => {
                let metric = format!("{}.{metric}", objective.metric.split.word());
                self.problem = complaint(&[ObjectiveNotFinite { metric, at: objective.span }.into()]);
            }
        }
    }
}

/// The name of the metric by which a trial is judged, as events tell it.
fn measured(program: &Program, objective: &Objective) -> String {
    objective.metric.metric.map_or("loss".to_string(), |at| program.train.metrics[at].name.clone())
}

/// The first error.
fn complaint(problems: &[Problem]) -> Option<Complaint> {
    let error = problems.iter().find(|it| it.severity == Severity::Error)?;
    Some(Complaint { code: error.code.into(), message: error.message.clone() })
}

/// Whether a run failed for what it was told to do. Others would fail for what this one has failed of otherwise: a disk
/// that is full, a folder that is not free.
fn is_of_the_values(failure: &Failure) -> bool {
    let codes = [LossNotFinite::CODE, WeightsNotFinite::CODE];
    failure.cause == Cause::Program || failure.problems.iter().any(|it| codes.contains(&it.code))
}
