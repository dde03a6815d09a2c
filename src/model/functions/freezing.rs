//! What is frozen, for good or for a while: which parameters move at an update, and since when.

use crate::model::lower::{ALL, Declared, Lower, Setting};
use crate::model::program::{Length, Pace, Thaw};
use crate::model::train::{Experiment, selects};
use crate::problem::Problem;
use crate::problem::lint::FrozenStatistics;
use crate::problem::training::FreezeLongerThanRun;
use crate::source::Span;
use crate::syntax::tree::Selector;

/// Parameters that do not move.
#[derive(Clone)]
pub struct Frozen {
    pub what: Selector,
    /// How long; for good where nothing is said.
    pub until: Option<Until>,
}

/// When a part begins to train.
#[derive(Clone, Copy)]
pub struct Until {
    pub time: Time,
    pub span: Span,
}

/// A time of the run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Time {
    Epochs(f64),
    Steps(u64),
    /// Of all updates.
    Share(f64),
}

impl Time {
    /// The nearest whole number of updates, at least one.
    fn updates(self, epoch: u64, total: u64) -> u64 {
        let updates = match self {
            Time::Epochs(epochs) => epochs * epoch as f64,
            Time::Steps(steps) => return steps,
            Time::Share(share) => share * total as f64,
        };
        (updates.round() as u64).max(1)
    }
}

impl Frozen {
    /// The number of updates after which it trains.
    fn ends(&self, setting: Setting) -> u64 {
        self.until.map_or(ALL, |until| until.time.updates(setting.epoch, setting.total))
    }

    /// Whether it holds a parameter. What adapts one trains while that is frozen, unless its own name is said.
    pub fn means(&self, parameter: &Declared) -> bool {
        let is_said = |path: &str| selects(&self.what.pattern, path);
        is_said(&parameter.path) && !parameter.adapts.as_deref().is_some_and(is_said)
    }

    /// Whether it is frozen after the updates that have been done.
    pub fn holds(&self, setting: Setting) -> bool {
        self.until.is_none() || setting.done < self.ends(setting)
    }
}

impl Experiment {
    /// The updates after which parts begin to train, in order, and which: those within the run.
    pub fn thaws(&self, pace: Pace) -> Vec<Thaw> {
        let setting = Setting { done: 0, ..setting(pace) };
        let mut found: Vec<Thaw> = vec![];
        for frozen in self.frozen.iter().filter(|it| it.until.is_some()) {
            let (after, part) = (frozen.ends(setting), frozen.what.pattern.to_string());
            if after >= pace.total {
                continue;
            }
            match found.iter_mut().find(|it| it.after == after) {
                Some(thaw) => thaw.parts.push(part),
                None => found.push(Thaw { after, parts: vec![part] }),
            }
        }
        found.sort_by_key(|it| it.after);
        found
    }

    /// Whether anything is frozen for a while.
    pub fn thaws_at_all(&self) -> bool {
        self.frozen.iter().any(|it| it.until.is_some())
    }

    /// The updates of the run before the first one of the parameter `path`.
    pub fn still_before(&self, lower: &Lower, path: &str) -> u64 {
        let Some(&slot) = lower.slots.get(path) else { return 0 };
        let declared = &lower.declared[slot as usize];
        let whiles = self.frozen.iter().filter(|it| it.until.is_some() && it.means(declared));
        whiles.map(|it| it.ends(lower.setting)).max().unwrap_or(0)
    }

    /// What is frozen until after the end of the run, where both are told in one measure.
    pub fn long_freeze(&self, length: Length, problems: &mut Vec<Problem>) {
        for frozen in &self.frozen {
            let Some(Until { time, span: at }) = frozen.until else { continue };
            let (until, total, unit) = match (time, length) {
                (Time::Share(share), _) => (share, 1.0, ""),
                (Time::Epochs(until), Length::Epochs(total)) => (until, total, "epoch"),
                (Time::Steps(until), Length::Steps(total)) => (until as f64, total as f64, "step"),
                _ => continue,
            };
            if until < total {
                continue;
            }
            let words = |number: f64| format!("{number} {unit}{}", if number == 1.0 { "" } else { "s" });
            let total = (!unit.is_empty()).then(|| words(total));
            let until = if unit.is_empty() { "all".to_string() } else { words(until) };
            let part = frozen.what.pattern.to_string();
            problems.push(FreezeLongerThanRun { part, until, total, at }.into());
        }
    }

    /// The same once the rows are counted.
    pub fn long_freeze_of(&self, pace: Pace) -> Vec<Problem> {
        let mut problems = vec![];
        for frozen in &self.frozen {
            let Some(Until { span: at, .. }) = frozen.until else { continue };
            let ends = frozen.ends(setting(pace));
            if ends >= pace.total {
                let (part, until) = (frozen.what.pattern.to_string(), format!("{ends} steps"));
                let total = Some(format!("{} steps", pace.total));
                problems.push(FreezeLongerThanRun { part, until, total, at }.into());
            }
        }
        problems
    }

    /// Warns of a layer whose parameters are all frozen, one by one, while its statistics follow the batches.
    pub fn lint_statistics(&self, lower: &mut Lower, moving: &[u32]) {
        let owner = |slot: u32, lower: &Lower| {
            lower.declared[slot as usize].path.rsplit_once('.').map(|(owner, _)| owner.to_string())
        };
        let mut parts: Vec<(String, Vec<String>)> = Vec::new();
        for slot in lower.nexts.keys().copied() {
            let declared = &lower.declared[slot as usize];
            if declared.trained || declared.path.contains(" of ") {
                continue;
            }
            let Some(part) = owner(slot, lower) else { continue };
            match parts.iter_mut().find(|(it, _)| *it == part) {
                Some((_, states)) => states.push(declared.path.clone()),
                None => parts.push((part, vec![declared.path.clone()])),
            }
        }
        for (part, states) in parts {
            let within = format!("{part}.");
            let all = lower.declared.iter().enumerate().filter(|(_, it)| it.trained && it.path.starts_with(&within));
            let own: Vec<u32> = all.map(|(slot, _)| slot as u32).collect();
            if own.is_empty() || own.iter().any(|slot| moving.contains(slot)) {
                continue;
            }
            // Those that are adapted have statistics for what they are adapted to.
            let first = &lower.declared[own[0] as usize];
            let frozen = self.frozen.iter().find(|it| it.holds(lower.setting) && it.means(first));
            if let Some(at) = frozen.map(|it| it.what.span) {
                lower.report(FrozenStatistics { part, states, at });
            }
        }
    }
}

/// A training step at the end of a run of this pace.
pub fn setting(pace: Pace) -> Setting {
    Setting { training: true, batch: pace.batch, epoch: pace.epoch, total: pace.total, done: ALL }
}
