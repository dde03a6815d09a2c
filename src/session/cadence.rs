//! When something is due: `every(…)`, `patience(…)`, and the pace at which people want to hear.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Program;
use crate::model::program::{Batch, Every, Length, Pace};

/// Updates of the run and of an epoch, from the number of its examples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Updates in one epoch; the last may have a smaller batch.
    pub epoch: u64,
    /// Updates in all.
    pub total: u64,
}

impl Extent {
    pub fn new(examples: usize, batch: usize, length: Length) -> Extent {
        let epoch = examples.div_ceil(batch).max(1) as u64;
        let total = match length {
            Length::Epochs(epochs) => to_updates(epochs, epoch),
            Length::Steps(steps) => steps,
        };
        Extent { epoch, total }
    }

    /// How many epochs `step` updates are.
    pub fn epochs(&self, step: u64) -> f64 {
        step as f64 / self.epoch as f64
    }
}

/// The updates of a run of `program` over `examples` training examples: how many there are, and of how many examples.
pub fn pace(program: &Program, examples: usize) -> Pace {
    let batch = match program.train.batch {
        Batch::All => examples,
        // An update over several batches is the update over all their examples.
        Batch::Size(size) => size.saturating_mul(program.train.accumulate.max(1)).min(examples),
    };
    let Extent { epoch, total } = Extent::new(examples, batch.max(1), program.train.length);
    Pace { batch, epoch, total }
}

/// The nearest whole number of updates, at least one.
fn to_updates(epochs: f64, epoch: u64) -> u64 {
    ((epochs * epoch as f64).round() as u64).max(1)
}

/// A span of training: by updates or by the clock.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Span {
    Updates(u64),
    Seconds(f64),
}

impl Span {
    pub fn new(every: Every, extent: Extent) -> Span {
        match every {
            Every::Epochs(epochs) => Span::Updates(to_updates(epochs, extent.epoch)),
            Every::Steps(steps) => Span::Updates(steps.max(1)),
            Every::Seconds(seconds) => Span::Seconds(seconds),
        }
    }

    /// Whether it lies between two moments.
    fn is_between(self, from: Moment, to: Moment) -> bool {
        match self {
            Span::Updates(updates) => to.step - from.step >= updates,
            Span::Seconds(seconds) => to.seconds - from.seconds >= seconds,
        }
    }
}

/// A place in a run: the number of updates done, and the seconds spent.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Moment {
    pub step: u64,
    pub seconds: f64,
}

/// Something that comes again and again.
#[derive(Clone, Copy, Debug)]
pub struct Cadence {
    span: Span,
    last: Moment,
}

impl Cadence {
    /// Due every `span` from the start of the run, for a run that goes on after `last`.
    pub fn new(span: Span, last: Moment) -> Cadence {
        let last = match span {
            Span::Updates(updates) => Moment { step: last.step - last.step % updates, ..last },
            Span::Seconds(_) => last,
        };
        Cadence { span, last }
    }

    /// Whether it is due; if so, the next one is due a span later.
    pub fn strikes(&mut self, at: Moment) -> bool {
        let due = self.span.is_between(self.last, at);
        if due {
            self.last = at;
        }
        due
    }
}

/// The best value of a metric so far, and when it was seen.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Best {
    pub value: Option<f64>,
    pub at: Moment,
}

impl Best {
    /// Takes `value` if it is better than all before it. What is not a number is never better; the first of equals stays.
    pub fn improve(&mut self, value: f64, rising: bool, at: Moment) -> bool {
        let better = match self.value {
            _ if value.is_nan() => false,
            None => true,
            Some(best) if rising => value > best,
            Some(best) => value < best,
        };
        if better {
            *self = Best { value: Some(value), at };
        }
        better
    }

    /// Takes `value` if it is better than all before it by this part of the best.
    pub fn improve_by(&mut self, threshold: f64, value: f64, rising: bool, at: Moment) -> bool {
        let sign = if rising { 1.0 } else { -1.0 };
        let better = self.value.is_none_or(|best| sign * value > sign * best * (1.0 + sign * threshold));
        better && self.improve(value, rising, at)
    }

    /// Whether nothing better came for the whole span.
    pub fn is_stale(&self, patience: Span, now: Moment) -> bool {
        patience.is_between(self.at, now)
    }
}

/// Lets something through at most once in a while.
#[derive(Clone, Copy, Debug)]
pub struct Limiter {
    every: Duration,
    next: Duration,
}

impl Limiter {
    pub fn new(every: Duration, now: Duration) -> Limiter {
        Limiter { every, next: now + every }
    }

    pub fn lets_through(&mut self, now: Duration) -> bool {
        let through = now >= self.next;
        if through {
            self.next = now + self.every;
        }
        through
    }
}
