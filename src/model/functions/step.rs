//! One update: from the forward pass to the next value of every parameter.

use super::losses::mean_of_all;
use super::{Output, as_target};
use crate::model::adapt::is_adapted;
use crate::model::lints::constants;
use crate::model::lower::{Lower, Outcome};
use crate::model::program::Share;
use crate::model::train::{Experiment, callee, selects};
use crate::model::types;
use crate::model::value::*;
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
    /// The parameters that it moves, by slot.
    pub moving: Vec<u32>,
}

impl Experiment {
    /// Lowers one update: forward, loss, regularizers, gradient, clipping, optimizer.
    pub fn lower_step(&self, lower: &mut Lower) -> Outcome<Step> {
        self.lower_share(lower, Share::Whole)
    }

    /// Lowers a batch of an update. Of several batches the last has the regularizers and what follows the gradient.
    pub fn lower_share(&self, lower: &mut Lower, share: Share) -> Outcome<Step> {
        self.begin(lower, share);
        let (read, kept) = self.read(lower)?;
        let mut read = read.into_iter();
        let inputs = read.by_ref().take(self.inputs.len()).collect();
        let targets: Vec<Tensor> = read.by_ref().take(self.targets.len()).map(as_target).collect();
        let weight = read.next();
        let outputs = self.forward(lower, inputs)?;
        let each = match kept {
            Some(kept) => self.mixed_loss(lower, &outputs, (&targets, weight.as_ref()), &kept)?,
            None => self.weighted_loss(lower, &outputs, &targets, weight.as_ref())?,
        };
        self.keeps_nothing(lower)?;
        let parameters: Vec<u32> =
            (0..lower.declared.len() as u32).filter(|&slot| lower.declared[slot as usize].trained).collect();
        let is_private = matches!(share, Share::Private { .. });
        // The examples of a private pass are summed one by one, and what is added to their loss depends on none of them.
        let loss = match is_private {
            true => lower.constant(0.0, Dtype::F32),
            false => {
                let mean = mean_of_all(lower, &each);
                self.part_of_mean(lower, &mean, share)
            }
        };
        let mut total = loss.clone();
        let is_last = !matches!(share, Share::Batch | Share::Private { is_last: false });
        for term in self.regularizers.iter().filter(|_| is_last) {
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
        for frozen in &self.frozen {
            self.selected(lower, std::slice::from_ref(&frozen.what), &parameters)?;
            if frozen.holds(lower.setting) {
                moving.retain(|&slot| !frozen.means(&lower.declared[slot as usize]));
            }
        }
        self.adapters_fit(lower, &parameters)?;
        moving.retain(|&slot| !is_adapted(&self.adapters, &lower.declared[slot as usize]));
        if let (true, Some(frozen)) = (moving.is_empty(), self.frozen.last()) {
            let (model, at) = (self.model[0].callable.name.text.to_string(), frozen.what.span);
            let for_a_while = self.frozen.iter().any(|it| it.until.is_some());
            return Err(lower.report(AllFrozen { model, for_a_while, at }));
        }
        let wanted: Vec<Id> = moving.iter().map(|&slot| lower.state(slot).id).collect();
        let mut gradients = crate::tensor::grad(&mut lower.graph, total.id, &wanted);
        self.lint_effect(lower, &moving, &gradients);
        let zero = lower.constant(0.0, Dtype::F32);
        let (mut loss, mut total) = (loss.id, total.id);
        match share {
            Share::Whole => {}
            Share::Private { is_last } => {
                let (sum, mut clipped) = self.clipped(lower, &each, &moving);
                if !is_last {
                    loss = self.add_to_sums(lower, sum, &moving, &clipped);
                    return Ok(Step { outputs, loss, total: loss, rate: zero.id, moving });
                }
                let others = self.hidden(lower, sum, &moving, &mut clipped);
                loss = lower.graph.map(Scalar::Add, &[others, sum]);
                total = lower.graph.map(Scalar::Add, &[loss, total]);
                for (gradient, hidden) in gradients.iter_mut().zip(clipped) {
                    *gradient = lower.graph.map(Scalar::Add, &[hidden, *gradient]);
                }
            }
            Share::Batch => {
                loss = self.add_to_sums(lower, loss, &moving, &gradients);
                return Ok(Step { outputs, loss, total: loss, rate: zero.id, moving });
            }
            Share::Last { examples } => {
                let others = self.take_sums(lower, examples, loss, &moving, &mut gradients);
                loss = lower.graph.map(Scalar::Add, &[others, loss]);
                total = lower.graph.map(Scalar::Add, &[others, total]);
            }
        }
        self.clip(lower, &mut gradients);
        let factor = self.factor(lower)?;
        let mut rate = None;
        for (&slot, gradient) in moving.iter().zip(gradients) {
            let base = self.update(lower, slot, gradient, &factor)?;
            rate = rate.or(base);
        }
        Ok(Step { outputs, loss, total, rate: rate.unwrap_or(zero.id), moving })
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

    /// Whether each adapter adapts something, which no other does.
    fn adapters_fit(&self, lower: &mut Lower, parameters: &[u32]) -> Outcome<()> {
        let is_the_models = |slot: &u32| lower.declared[*slot as usize].adapts.is_none();
        let parameters: Vec<u32> = parameters.iter().copied().filter(is_the_models).collect();
        for adapter in self.adapters.iter() {
            self.selected(lower, &adapter.what, &parameters)?;
        }
        lower.adapted_once()
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
                let paths = parameters.iter().map(|&slot| &*lower.declared[slot as usize].path);
                let paths: Vec<&str> = paths.filter_map(|path| path.strip_prefix(pattern.within())).collect();
                let written = pattern.pattern[pattern.within().len()..].to_string();
                // What could be meant: a parameter, or a part.
                let parts = paths.iter().flat_map(|path| path.match_indices('.').map(|(at, _)| &path[..at]));
                let near = crate::source::nearest(&written, paths.iter().copied().chain(parts));
                let parameters = paths.iter().map(|it| it.to_string()).collect();
                return Err(lower.report(PatternUnmatched { pattern: written, at: pattern.span, near, parameters }));
            }
        }
        chosen.sort_unstable();
        Ok(chosen)
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
