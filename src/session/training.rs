//! The loop of a run: steps, and what has to happen in between.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Stopwatch;
use super::artifact::{Origin, Progress, TrainingRecord, is_finite, model_states};
use super::cadence::{Cadence, Limiter, Moment, Span};
use super::event::{End, Epoch, Event, Metrics, Reason, Step, Value};
use super::export::write_artifacts;
use super::folder::{Folder, not_written, reason, show, write_whole};
use super::footprint;
use super::generation::preview_of;
use super::journal::Journal;
use super::measure::Model;
use super::privacy::Guarantee;
use super::stepper::{Stepper, Told};
use crate::compile::ExportPlan;
use crate::data::Dataset;
use crate::model::Program;
use crate::model::program::{Keep, MetricPath, Preview, Split};
use crate::problem::Problem;
use crate::problem::run::{LossNotFinite, NotWrittenYet, WeightsNotFinite};
use crate::tensor::Array;

/// A run between its data and its artifact.
pub struct Training<'a> {
    pub program: &'a Program,
    pub dataset: &'a Dataset,
    pub origin: &'a Origin<'a>,
    pub folder: &'a Folder,
    pub stepper: Stepper<'a>,
    pub model: Model<'a>,
    /// The weights at the best value of the metric that `keep` names.
    pub best: Option<Vec<Array>>,
    pub progress: Progress,
    pub stopwatch: &'a dyn Stopwatch,
    /// The reading of the stopwatch when this process began with the run, and the seconds spent before.
    pub began: Duration,
    pub spent: f64,
    /// The metric by which a search judges the run, where it is a trial of one. The test split is left alone then.
    pub objective: Option<&'a MetricPath>,
    /// What is written beside the artifact.
    pub exports: Vec<&'a ExportPlan>,
}

/// People want to hear about ten times a second.
const STEP_EVENTS: Duration = Duration::from_millis(100);

/// The pace since the last event of a step.
struct Pace {
    limiter: Limiter,
    since: Duration,
    examples: usize,
    /// Where this process began.
    start: Moment,
}

impl Training<'_> {
    /// Trains until there is a reason to end.
    pub fn train(&mut self, journal: &mut Journal, stop: &AtomicBool) -> Result<Reason, Problem> {
        let (train, extent) = (&self.program.train, self.stepper.course.extent);
        let span = |every| Span::new(every, extent);
        let mut validation = Cadence::new(span(train.validate), self.progress.validated);
        let checkpoints = train.checkpoint.as_ref();
        let mut checkpoints = checkpoints.map(|it| (Cadence::new(span(it.every), self.progress.checkpointed), it.keep));
        let now = self.stopwatch.elapsed();
        let mut pace =
            Pace { limiter: Limiter::new(STEP_EVENTS, now), since: now, examples: 0, start: self.progress.at };
        loop {
            if let Some(reason) = self.is_over(stop) {
                if reason != Reason::Interrupted && self.progress.validated.step != self.progress.at.step {
                    self.look(journal, true);
                }
                return Ok(reason);
            }
            if let Some(thaw) = self.stepper.course.thaw(self.progress.at.step + 1) {
                journal.tell(&Event::Thaw { step: thaw.after, parts: thaw.parts.clone() });
            }
            let told = self.step()?;
            self.tell(journal, &mut pace, told);
            let at = self.progress.at;
            let due = validation.strikes(at);
            if due || at.step.is_multiple_of(extent.epoch) {
                self.look(journal, due);
            }
            if let Some(patience) = &train.stop
                && due
                && self.progress.watched.is_stale(span(patience.patience), at)
            {
                return Ok(Reason::Patience);
            }
            if let Some((cadence, keep)) = &mut checkpoints
                && cadence.strikes(at)
            {
                self.save_if_possible(journal);
                self.folder.prune_checkpoints(*keep);
            }
        }
    }

    /// Spent on the run so far.
    fn seconds(&self) -> f64 {
        self.spent + (self.stopwatch.elapsed() - self.began).as_secs_f64()
    }

    fn is_over(&self, stop: &AtomicBool) -> Option<Reason> {
        let at = self.progress.at;
        if at.step >= self.stepper.course.extent.total {
            Some(Reason::Done)
        } else if stop.load(Ordering::Relaxed) {
            Some(Reason::Interrupted)
        } else if self.program.train.at_most.is_some_and(|most| at.seconds >= most) {
            Some(Reason::Time)
        } else {
            None
        }
    }

    fn step(&mut self) -> Result<Told, Problem> {
        let step = self.progress.at.step + 1;
        let told = self.stepper.step(step);
        if !told.loss.is_finite() || !told.total.is_finite() {
            return Err(self.not_finite(step, told));
        }
        let seconds = self.seconds();
        let progress = &mut self.progress;
        progress.at = Moment { step, seconds };
        progress.loss_sum += told.loss * told.examples as f64;
        progress.examples += told.examples as u64;
        if told.examples > 0 {
            progress.last = Some((step, told.loss));
        }
        Ok(told)
    }

    fn tell(&self, journal: &mut Journal, pace: &mut Pace, told: Told) {
        pace.examples += told.examples;
        let now = self.stopwatch.elapsed();
        // A draw without examples has no loss to tell.
        if told.examples == 0 || !pace.limiter.lets_through(now) {
            return;
        }
        let (at, extent) = (self.progress.at, self.stepper.course.extent);
        let per_step = (at.seconds - pace.start.seconds) / (at.step - pace.start.step) as f64;
        journal.tell(&Event::Step(Step {
            step: at.step,
            epoch: extent.epochs(at.step),
            loss: shortest(told.loss),
            lr: shortest(told.lr),
            examples_per_second: pace.examples as f64 / (now - pace.since).as_secs_f64(),
            seconds_left: (extent.total - at.step) as f64 * per_step,
        }));
        (pace.since, pace.examples) = (now, 0);
    }

    /// Ends an epoch, or a part of one; measures what the program wants to be measured, if `due`.
    fn look(&mut self, journal: &mut Journal, due: bool) {
        let at = self.progress.at;
        let mean = self.progress.loss_sum / self.progress.examples as f64;
        let mut train: Metrics = [("loss".to_string(), Value::Number(mean))].into();
        let (mut val, mut best, mut rate) = (Metrics::new(), false, None);
        if due {
            self.progress.validated = at;
            val = self.metrics(Split::Val);
            if self.criteria().any(|path| path.split == Split::Train && path.metric.is_some()) {
                // What the steps saw of the loss stays; the metrics are those of the weights as they are.
                let measured = self.metrics(Split::Train);
                train.extend(measured.into_iter().filter(|(name, _)| name != "loss"));
            }
            best = self.judge(&train, &val);
            rate = self.slow_down(&train, &val);
        }
        (self.progress.loss_sum, self.progress.examples) = (0.0, 0);
        let epoch = self.stepper.course.extent.epochs(at.step);
        let epsilon = self.origin.privacy.as_ref().map(|it| it.spent(at.step));
        journal.tell(&Event::Epoch(Epoch { epoch, step: at.step, train, val, seconds: at.seconds, best, epsilon }));
        if let Some(factor) = rate {
            journal.tell(&Event::Rate { step: at.step, factor });
        }
        if due && let Some(preview) = &self.program.train.preview {
            let text = self.written(preview);
            journal.tell(&Event::Preview { step: at.step, text });
        }
    }

    /// The metrics by which the program decides something.
    fn criteria(&self) -> impl Iterator<Item = &MetricPath> {
        let keep = match &self.program.train.keep {
            Keep::Best { metric, .. } => Some(metric),
            Keep::Last => None,
        };
        let plateau = self.program.train.plateau.as_ref().map(|it| &it.metric);
        let stop = self.program.train.stop.as_ref().map(|it| &it.metric);
        [keep, stop, plateau, self.objective].into_iter().flatten()
    }

    /// Takes note of what is best. Whether the weights are.
    fn judge(&mut self, train: &Metrics, val: &Metrics) -> bool {
        let at = self.progress.at;
        if let Some(patience) = &self.program.train.stop {
            let value = self.value(&patience.metric, train, val);
            self.progress.watched.improve(value, patience.metric.rising, at);
        }
        let Keep::Best { metric, .. } = &self.program.train.keep else { return false };
        let value = self.value(metric, train, val);
        let better = self.progress.best.improve(value, metric.rising, at);
        if better {
            let count = model_states(self.program).count();
            // The old ones go before the new ones come: there is room for one of them.
            self.best = None;
            self.best = Some(self.stepper.states[..count].to_vec());
        }
        better
    }

    /// Makes the rate smaller where nothing has become better for long enough. What it is multiplied by then.
    fn slow_down(&mut self, train: &Metrics, val: &Metrics) -> Option<f64> {
        let plateau = self.program.train.plateau.as_ref()?;
        let (at, extent) = (self.progress.at, self.stepper.course.extent);
        let value = self.value(&plateau.metric, train, val);
        let watched = &mut self.progress.plateau;
        watched.improve_by(plateau.threshold, value, plateau.metric.rising, at);
        let slot = plateau.slot.filter(|_| watched.is_stale(Span::new(plateau.patience, extent), at))?;
        watched.at = at;
        let before = self.stepper.states[slot as usize].floats()[0];
        let after = (before * plateau.factor as f32).max(plateau.floor as f32);
        (after < before).then(|| {
            self.stepper.set(at.step, slot, after);
            shortest(f64::from(after))
        })
    }

    /// What the model writes by now.
    fn written(&mut self, preview: &Preview) -> String {
        let count = model_states(self.program).count();
        let weights = &mut self.stepper.states[..count];
        preview_of(self.program, &self.dataset.fitted, &mut self.model, weights, preview).expect("tried before the run")
    }

    fn value(&mut self, path: &MetricPath, train: &Metrics, val: &Metrics) -> f64 {
        let name = path.metric.map_or("loss", |it| &self.program.train.metrics[it].name);
        let test;
        let metrics = match path.split {
            Split::Train => train,
            Split::Val => val,
            Split::Test => {
                test = self.metrics(Split::Test);
                &test
            }
        };
        metrics.get(name).and_then(Value::number).unwrap_or(f64::NAN)
    }

    fn metrics(&mut self, split: Split) -> Metrics {
        let count = model_states(self.program).count();
        self.model.metrics(&mut self.stepper.states[..count], self.dataset.judged(split))
    }

    /// Writes a checkpoint from which the run can go on.
    fn save(&mut self, journal: &mut Journal) -> Result<(), (PathBuf, io::Error)> {
        self.progress.checkpointed = self.progress.at;
        let step = self.progress.at.step;
        let path = self.folder.checkpoint(step);
        let bytes = self.origin.checkpoint(&self.stepper.states, self.best.as_deref(), &self.progress);
        write_whole(&path, &bytes).map_err(|error| (path.clone(), error))?;
        journal.tell(&Event::Checkpoint { step, path: show(&path), bytes: bytes.len() as u64 });
        Ok(())
    }

    /// A disk that is full now may have room when it counts, and what is in memory is not lost.
    fn save_if_possible(&mut self, journal: &mut Journal) {
        if let Err((path, error)) = self.save(journal) {
            journal.warn(&NotWrittenYet { path: show(&path), reason: reason(&error) }.into());
        }
    }

    /// Ends the run so that it can go on.
    pub fn interrupt(&mut self, journal: &mut Journal) -> Result<End, Problem> {
        self.save(journal).map_err(|(path, error)| not_written(&path, &error))?;
        Ok(self.end(Reason::Interrupted, self.progress.at.step, Split::ALL.map(|_| Metrics::new())))
    }

    /// Measures the weights that are kept, and writes the artifact.
    pub fn finish(&mut self, reason: Reason) -> Result<End, Problem> {
        let last = self.stepper.finish();
        let kept = if self.best.is_some() { self.progress.best.at.step } else { self.progress.at.step };
        let mut weights = self.best.take().unwrap_or(last);
        weights.truncate(model_states(self.program).count());
        let infinite = model_states(self.program).zip(&weights).find(|(_, array)| !is_finite(array));
        if let Some((state, _)) = infinite {
            let (tensor, span) = (state.path.clone(), self.program.train.span);
            return Err(WeightsNotFinite { tensor, step: kept, span }.into());
        }
        let metrics = Split::ALL.map(|split| match split {
            Split::Test if self.objective.is_some() => Metrics::new(),
            _ => self.model.metrics(&mut weights, self.dataset.judged(split)),
        });
        let named = Split::ALL.iter().zip(&metrics).filter(|(_, metrics)| !metrics.is_empty());
        let record = TrainingRecord {
            seed: self.program.train.seed,
            backend: self.origin.backend.word().into(),
            reason: Some(reason),
            step: self.progress.at.step,
            kept,
            metrics: named.map(|(split, metrics)| (split.word().to_string(), metrics.clone())).collect(),
            privacy: self.guarantee(),
        };
        let (artifact, exports) = write_artifacts(self.origin, self.folder, &self.exports, &weights, record)?;
        Ok(End { artifact: Some(artifact), exports, ..self.end(reason, kept, metrics) })
    }

    /// How it ends, without what is written then.
    fn end(&self, reason: Reason, kept: u64, metrics: [Metrics; 3]) -> End {
        let [train, val, test] = metrics;
        let (step, resident_bytes) = (self.progress.at.step, footprint::resident());
        let (seconds, waited_seconds) = (self.seconds(), self.stepper.waited().as_secs_f64());
        let privacy = self.guarantee();
        let (artifact, exports) = (None, vec![]);
        End {
            reason,
            step,
            kept,
            train,
            val,
            test,
            artifact,
            exports,
            resident_bytes,
            seconds,
            waited_seconds,
            privacy,
        }
    }

    /// What holds after the updates so far, of which all have seen examples, whichever weights are kept.
    fn guarantee(&self) -> Option<Guarantee> {
        self.origin.privacy.as_ref().map(|it| it.guarantee(self.progress.at.step))
    }

    /// Saves what was there before the step that went wrong, and says all that is known of it.
    fn not_finite(&mut self, step: u64, told: Told) -> Problem {
        let states = self.stepper.before(step);
        let path = self.folder.broken();
        let bytes = self.origin.checkpoint(&states, self.best.as_deref(), &self.progress);
        let saved = write_whole(&path, &bytes).is_ok().then(|| show(&path));
        LossNotFinite {
            step,
            epoch: self.stepper.course.extent.epochs(step),
            lr: told.lr,
            last: self.progress.last,
            example: self.culprit(step, states),
            saved,
            span: self.program.train.span,
        }
        .into()
    }

    /// The first example of step `step` whose loss alone is not finite, by its number in the data.
    fn culprit(&mut self, step: u64, mut states: Vec<Array>) -> Option<u32> {
        let part = self.dataset.part(Split::Train);
        let count = model_states(self.program).count();
        let rows = self.stepper.rows(step);
        let row = rows.into_iter().find(|&row| !self.model.loss_of(&mut states[..count], part, row).is_finite());
        row.map(|row| part.numbers[row])
    }
}

/// The f64 of the decimals by which an f32 is written: 0.1, not 0.10000000149011612.
fn shortest(number: f64) -> f64 {
    (number as f32).to_string().parse().expect("a number as it is written")
}
