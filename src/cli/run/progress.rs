//! How a run looks while it goes: one line drawn again and again on a terminal, else a line for each epoch, or JSON.

use crate::cli::Stop;
use crate::cli::check::{brought, private, thawed};
use crate::cli::live::Live;
use crate::cli::numbers::{at_most, count, measure, seconds, short};
use crate::cli::terminal::Terminal;
use crate::model::program::{Length, TrainPlan};
use crate::session::{Epoch, Event, Metrics, Start, Step};

/// Without a terminal a long run says about this many lines.
const LINES: u64 = 25;

/// Listens to a run.
pub struct Progress<'a> {
    live: Live<'a>,
    epochs: Option<f64>,
    start: Option<Start>,
    /// What the last look at the validation split gave.
    val: Metrics,
    /// Epochs (or looks) heard so far.
    heard: u64,
}

impl<'a> Progress<'a> {
    pub fn new(terminal: &'a Terminal, plan: &TrainPlan) -> Progress<'a> {
        let epochs = match plan.length {
            Length::Epochs(epochs) => Some(epochs),
            Length::Steps(_) => None,
        };
        Progress { live: Live::new(terminal), epochs, start: None, val: Metrics::new(), heard: 0 }
    }

    pub fn hear(&mut self, event: &Event) {
        if self.live.is_told(event) {
            return;
        }
        match event {
            Event::Reading { work, done, of } => self.live.reading(*work, *done, *of),
            Event::Start(start) => self.start(start),
            Event::Transfer(it) => self.live.say(&format!("  {}\n", brought(it))),
            Event::Step(step) => self.step(step),
            Event::Epoch(epoch) => self.epoch(epoch),
            Event::Warning { code, .. } if self.live.terminal.allow.contains(code) => {}
            Event::Warning { code, message } => self.live.say(&format!("warning: {message}  [{code}]\n")),
            Event::Thaw { step, parts } => self.live.say(&format!("  {}\n", thawed(parts, *step))),
            Event::Rate { step, factor } => {
                let line = format!("  nothing better: from step {} on the rate is {factor}x\n", count(step + 1));
                self.live.say(&line);
            }
            Event::Preview { step, text } => {
                let lines: Vec<String> = text.lines().map(|line| format!("  │ {line}\n")).collect();
                self.live.say(&format!("  after step {}\n{}", count(*step), lines.concat()));
            }
            Event::Checkpoint { step, path, .. } if self.live.terminal.verbose => {
                self.live.say(&format!("  checkpoint after step {}: {path}\n", count(*step)));
            }
            Event::Checkpoint { .. } => {}
            Event::End(_) => self.live.clear(),
        }
    }

    /// Takes the live line away; fails if events could not be written.
    pub fn finish(self) -> Result<(), Stop> {
        self.live.finish()
    }

    fn start(&mut self, start: &Start) {
        let splits = [(start.train, "train"), (start.val, "val"), (start.test, "test")];
        let splits =
            splits.into_iter().filter(|&(n, _)| n > 0).map(|(n, split)| format!("{} {split}", count(n as u64)));
        let mut words = vec![
            match start.trained < start.parameters {
                true => format!("{} of {} parameters train", count(start.trained), count(start.parameters)),
                false => format!("{} parameters", count(start.parameters)),
            },
            format!("{} examples", splits.collect::<Vec<_>>().join(" + ")),
            format!("{} steps", count(start.steps)),
        ];
        words.extend(start.resumed.map(|step| format!("resumed after step {}", count(step))));
        if self.live.terminal.verbose {
            words.push(format!("{} on {}", start.backend, crate::problem::count(start.threads, "thread", "threads")));
            words.push(format!("data in {}", seconds(start.data_ms / 1000.0)));
            words.push(format!("compiled in {:.1} ms", start.compile_ms));
        }
        self.live.say(&format!("  {}\n", words.join(" · ")));
        if let Some(guarantee) = &start.privacy {
            self.live.say(&format!("  private: {}\n", private(guarantee)));
        }
        self.live.words(String::new());
        self.live.show(start.steps, start.resumed.unwrap_or(0));
        self.start = Some(start.clone());
    }

    fn step(&mut self, step: &Step) {
        self.live.advance(step.step);
        // A narrow terminal cuts what comes last.
        let left = format!("{} left", seconds(step.seconds_left));
        let mut words = vec![self.place(step.epoch, step.step), left, format!("loss {}", measure(step.loss))];
        words.extend(pairs("val ", &self.val));
        words.push(format!("{} examples/s", short(step.examples_per_second as u64)));
        self.live.words(words.join(" · "));
    }

    fn epoch(&mut self, epoch: &Epoch) {
        self.val = epoch.val.clone();
        self.heard += 1;
        let (steps, epoch_steps) = self.start.as_ref().map_or((1, 1), |start| (start.steps, start.epoch_steps));
        let every = (steps / epoch_steps.max(1) / LINES).max(1);
        let due = self.live.terminal.verbose || self.heard.is_multiple_of(every) || epoch.step == steps;
        if !self.live.terminal.live && due {
            let mut words = vec![self.place(epoch.epoch, epoch.step)];
            words.extend(pairs("", &epoch.train));
            words.extend(pairs("val ", &epoch.val));
            words.extend(epoch.epsilon.map(|it| format!("epsilon {}", at_most(it))));
            words.push(seconds(epoch.seconds));
            let best = if epoch.best && !epoch.val.is_empty() { "  best" } else { "" };
            self.live.say(&format!("  {}{best}\n", words.join("  ")));
        }
    }

    /// `epoch 3/40`, or `step 120/5,000` of a run that is counted in steps.
    fn place(&self, epoch: f64, step: u64) -> String {
        match self.epochs {
            Some(epochs) => {
                let width = epochs.to_string().len();
                format!("epoch {:>width$}/{epochs}", epoch.ceil())
            }
            None => {
                let total = count(self.start.as_ref().map_or(0, |start| start.steps));
                format!("step {:>width$}/{total}", count(step), width = total.len())
            }
        }
    }
}

/// `val loss 0.1234`, for each metric that is a number.
fn pairs(head: &str, metrics: &Metrics) -> Vec<String> {
    let numbers = metrics.iter().filter_map(|(name, value)| Some((name, value.number()?)));
    numbers.map(|(name, value)| format!("{head}{name} {:<6}", measure(value))).collect()
}
