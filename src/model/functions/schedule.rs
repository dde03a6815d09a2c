//! Schedules: the factor of the learning rate, and the warm-up that must end within the run.

use super::{freezing, still};
use crate::model::lower::{Declared, Lower, Outcome};
use crate::model::program::{Length, Pace};
use crate::model::train::{Experiment, callee};
use crate::model::types;
use crate::model::units::Measure;
use crate::model::value::*;
use crate::problem::Problem;
use crate::problem::training::*;
use crate::problem::values::WarmupLongerThanRun;
use crate::scalar::Dtype;
use crate::source::Span;
use crate::syntax::tree::Kind;

/// The setting of a schedule that is compared with the run.
pub(super) const WARMUP: &str = "warmup";

/// What the state is called that multiplies the rate where a schedule goes by what is measured.
pub const WATCHED: &str = "factor of the rate";

impl Experiment {
    /// The schedule's factor of the learning rate at this update.
    pub fn factor(&self, lower: &mut Lower) -> Outcome<Tensor> {
        if self.watches {
            return Ok(self.watched_factor(lower));
        }
        let Some(expr) = &self.schedule else { return Ok(lower.constant(1.0, Dtype::F32)) };
        let mut scope = self.scope();
        let (forms, given) = callee(lower, expr, Kind::Schedule, &mut scope)?;
        let mut inputs = Vec::new();
        for input in &forms[0].callable.inputs {
            let what = format!("the schedule `{}`", forms[0].callable.name.text);
            inputs.push(self.quantity(lower, &input.name, &[], 0, &what)?);
        }
        let (form, entered) = match lower.enter(&forms, &inputs, &given, "", expr.span) {
            Ok(entered) => entered,
            Err(problems) => return Err(lower.keep(problems)),
        };
        let value = self.value_of(lower, &form, entered, expr.span)?;
        let factor = lower.tensor_of(value, expr.span)?;
        if !factor.shape.is_empty() || lower.dtype(&factor) != Dtype::F32 {
            let (what, found) = (format!("the schedule `{}`", form.callable.name.text), types::describe(&factor));
            return Err(lower.report(LossNotANumber { what, found, at: expr.span }));
        }
        Ok(factor)
    }

    /// What a run multiplies the rate by: a state that no step changes.
    fn watched_factor(&self, lower: &mut Lower) -> Tensor {
        if lower.dead.contains(WATCHED) {
            return lower.constant(1.0, Dtype::F32);
        }
        let slot = match lower.slots.get(WATCHED) {
            Some(&slot) => slot,
            None => {
                let (path, slot) = (WATCHED.to_string(), lower.declared.len() as u32);
                let (initial, span) = (lower.initial.constant(1.0, &[]), self.optimizer.span);
                lower.declared.push(Declared {
                    path: path.clone(),
                    trained: false,
                    shape: vec![],
                    initial,
                    adapts: None,
                    span,
                });
                lower.slots.insert(path, slot);
                slot
            }
        };
        lower.state(slot)
    }

    /// The warm-up that the schedule was given, and where.
    fn warmup(&self, lower: &mut Lower) -> Option<(Number, Span)> {
        let (forms, given) = callee(lower, self.schedule.as_ref()?, Kind::Schedule, &mut self.scope()).ok()?;
        let at = forms[0].callable.config.iter().position(|param| param.name.as_str() == WARMUP)?;
        let found = given.iter().enumerate().find(|(place, it)| match &it.name {
            Some(_) => it.is_named(WARMUP),
            None => *place == at,
        });
        match found?.1.value.clone().settled() {
            Value::Number(number) => Some((number, found?.1.span)),
            _ => None,
        }
    }

    /// A warm-up that never ends, where both are told in one measure.
    pub fn long_warmup(&self, length: Length, problems: &mut Vec<Problem>) {
        let (warmup, at) = match self.warmup(&mut self.lower(still(1), &mut Vec::new())) {
            Some(found) => found,
            None => return,
        };
        let (total, unit) = match (warmup.measure, length) {
            (Some(Measure::Share), _) => (1.0, ""),
            (Some(Measure::Epochs), Length::Epochs(epochs)) => (epochs, " epochs"),
            (Some(Measure::Steps), Length::Steps(steps)) => (steps as f64, " steps"),
            _ => return,
        };
        if warmup.value >= total {
            let (setting, warmup) = (WARMUP.to_string(), format!("{}{unit}", warmup.value));
            let (warmup, total) = match unit {
                "" => ("all".to_string(), None),
                unit => (warmup, Some(format!("{total}{unit}"))),
            };
            problems.push(WarmupLongerThanRun { setting, warmup, total, at }.into());
        }
    }

    /// The same once the rows are counted.
    pub fn long_warmup_of(&self, pace: Pace) -> Option<Problem> {
        let mut problems = Vec::new();
        let mut lower = self.lower(freezing::setting(pace), &mut problems);
        let (warmup, at) = self.warmup(&mut lower)?;
        let updates = lower.updates(WARMUP, warmup, at).ok()?.value;
        (updates >= pace.total as f64).then(|| {
            let (warmup, total) = (format!("{updates} steps"), Some(format!("{} steps", pace.total)));
            WarmupLongerThanRun { setting: WARMUP.to_string(), warmup, total, at }.into()
        })
    }
}
