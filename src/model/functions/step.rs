//! One update: from the forward pass to the next value of every parameter.

use super::{Output, as_target};
use crate::model::lints::constants;
use crate::model::lower::{Lower, Outcome};
use crate::model::train::{Experiment, callee, selects};
use crate::model::types;
use crate::model::value::*;
use crate::problem::lint::FrozenStatistics;
use crate::problem::names::PatternUnmatched;
use crate::problem::training::*;
use crate::scalar::{Dtype, Scalar};
use crate::syntax::tree::{Applied, Kind, Selector};
use crate::tensor::Id;

/// What lowering a step finds on its way.
pub struct Step {
    pub outputs: Vec<Output>,
    pub loss: Id,
    pub total: Id,
    pub rate: Id,
}

impl Experiment {
    /// Lowers one update: forward, loss, regularizers, gradient, clipping, optimizer.
    pub fn lower_step(&self, lower: &mut Lower) -> Outcome<Step> {
        let (read, share) = self.read(lower)?;
        let mut read = read.into_iter();
        let inputs = read.by_ref().take(self.inputs.len()).collect();
        let targets: Vec<Tensor> = read.by_ref().take(self.targets.len()).map(as_target).collect();
        let weight = read.next();
        let outputs = self.forward(lower, inputs)?;
        let loss = match share {
            Some(share) => self.mixed_loss(lower, &outputs, (&targets, weight.as_ref()), &share)?,
            None => self.loss_of(lower, &outputs, &targets, weight.as_ref())?,
        };
        let parameters: Vec<u32> =
            (0..lower.declared.len() as u32).filter(|&slot| lower.declared[slot as usize].trained).collect();
        let mut total = loss.clone();
        for term in &self.regularizers {
            let chosen = self.selected(lower, &term.what, &parameters)?;
            for slot in chosen {
                let value = self.penalty(lower, term, slot)?;
                total = lower.map(Scalar::Add, &[&total, &value]).expect("numbers");
            }
        }
        for (_, _, what) in &self.scales {
            self.selected(lower, what, &parameters)?;
        }
        if parameters.is_empty() {
            let callable = &self.model[0].callable;
            let (model, at) = (callable.name.text.to_string(), callable.name.span);
            return Err(lower.report(NoParameters { model, at }));
        }
        let mut moving = parameters.clone();
        for pattern in &self.frozen {
            let chosen = self.selected(lower, std::slice::from_ref(pattern), &parameters)?;
            moving.retain(|slot| !chosen.contains(slot));
        }
        if let (true, Some(pattern)) = (moving.is_empty(), self.frozen.last()) {
            let model = self.model[0].callable.name.text.to_string();
            return Err(lower.report(AllFrozen { model, at: pattern.span }));
        }
        let wanted: Vec<Id> = moving.iter().map(|&slot| lower.state(slot).id).collect();
        let mut gradients = crate::tensor::grad(&mut lower.graph, total.id, &wanted);
        self.lint_effect(lower, &moving, &gradients);
        self.clip(lower, &mut gradients);
        let factor = self.factor(lower)?;
        let mut rate = None;
        for (&slot, gradient) in moving.iter().zip(gradients) {
            let base = self.update(lower, slot, gradient, &factor)?;
            rate = rate.or(base);
        }
        self.lint_statistics(lower, &moving);
        let zero = lower.constant(0.0, Dtype::F32);
        Ok(Step { outputs, loss: loss.id, total: total.id, rate: rate.unwrap_or(zero.id) })
    }

    /// What a regularizer adds to the loss for one parameter.
    pub fn penalty(&self, lower: &mut Lower, term: &Applied, slot: u32) -> Outcome<Tensor> {
        let (forms, given) = callee(lower, &term.value, Kind::Regularizer, &mut self.scope())?;
        let parameter = Value::Tensor(lower.state(slot));
        let (form, entered) = match lower.enter(&forms, &[parameter], &given, "", term.value.span) {
            Ok(entered) => entered,
            Err(problems) => return Err(lower.keep(problems)),
        };
        let value = self.value_of(lower, &form, entered, term.value.span)?;
        let value = lower.tensor_of(value, term.value.span)?;
        if !value.shape.is_empty() || lower.dtype(&value) != Dtype::F32 {
            let (what, found) = (format!("the regularizer `{}`", form.callable.name.text), types::describe(&value));
            return Err(lower.report(LossNotANumber { what, found, at: term.value.span }));
        }
        Ok(value)
    }

    /// The parameters that patterns select, all where there is no pattern.
    fn selected(&self, lower: &mut Lower, patterns: &[Selector], parameters: &[u32]) -> Outcome<Vec<u32>> {
        if patterns.is_empty() {
            return Ok(parameters.to_vec());
        }
        let mut chosen = Vec::new();
        for pattern in patterns {
            let before = chosen.len();
            for &slot in parameters {
                if selects(&pattern.pattern, &lower.declared[slot as usize].path) && !chosen.contains(&slot) {
                    chosen.push(slot);
                }
            }
            if chosen.len() == before {
                let paths: Vec<&str> = parameters.iter().map(|&slot| &*lower.declared[slot as usize].path).collect();
                // What could be meant: a parameter, or a part.
                let parts = paths.iter().flat_map(|path| path.match_indices('.').map(|(at, _)| &path[..at]));
                let near = crate::source::nearest(&pattern.pattern, paths.iter().copied().chain(parts));
                let (pattern_text, at) = (pattern.pattern.to_string(), pattern.span);
                let parameters = paths.iter().map(|it| it.to_string()).collect();
                return Err(lower.report(PatternUnmatched { pattern: pattern_text, at, near, parameters }));
            }
        }
        chosen.sort_unstable();
        Ok(chosen)
    }

    /// Warns of a layer whose parameters are all frozen, one by one, while its statistics follow the batches.
    fn lint_statistics(&self, lower: &mut Lower, moving: &[u32]) {
        if !lower.discovering {
            return;
        }
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
            let path = &lower.declared[own[0] as usize].path;
            let pattern = self.frozen.iter().find(|it| selects(&it.pattern, path));
            let at = pattern.expect("a pattern froze it").span;
            lower.report(FrozenStatistics { part, states, at });
        }
    }

    /// Warns of parameters whose gradient is 0, whatever the data.
    fn lint_effect(&self, lower: &mut Lower, slots: &[u32], gradients: &[Id]) {
        if !lower.discovering {
            return;
        }
        let values = constants(&lower.graph, |_| None);
        let zero = |id: Id| values[id.0 as usize] == Some(0.0);
        let dead: Vec<u32> = slots.iter().zip(gradients).filter(|&(_, &id)| zero(id)).map(|(&slot, _)| slot).collect();
        if let Some(&first) = dead.first() {
            let paths = dead.iter().map(|&slot| lower.declared[slot as usize].path.clone()).collect();
            let at = lower.declared[first as usize].span;
            lower.report(crate::problem::lint::PartWithoutEffect { paths, at });
        }
    }
}
