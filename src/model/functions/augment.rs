//! What a step reads: the fields as the model receives them; in training, those that are augmented, after that.

use std::rc::Rc;

use crate::model::fields::Cut;
use crate::model::lower::{Fits, Lower, Outcome};
use crate::model::train::{Augment, Experiment, callee};
use crate::model::types::describe;
use crate::model::value::*;
use crate::problem::training::{AugmentationChangesType, MixesExamples, MixesNothing, MixingResult};
use crate::scalar::Dtype;
use crate::source::Span;
use crate::syntax::print_expr;
use crate::syntax::tree::{Expr, ExprKind, Kind, own_name};
use crate::tensor::{Function, Slot, View};

use super::{FeedType, endless};

impl Experiment {
    /// Each field that a step reads as the model receives it, in the order of its feeds; where examples are mixed, the
    /// share that each has kept.
    pub(super) fn read(&self, lower: &mut Lower) -> Outcome<(Vec<Tensor>, Option<Tensor>)> {
        let (mut read, share) = self.seen(lower)?;
        if !lower.setting.training {
            return Ok((read, share));
        }
        let mut slot = read.len() as u32;
        for (&field, cut) in &self.augmented.cuts {
            let types = &self.fields.fits[field][self.fields.rest_fits(field, cut)];
            let first = slot;
            slot += types.len() as u32;
            let fits = Fits::given(types, |it| Slot::Feed(first + it));
            let at = self.feed_of(field);
            read[at] = self.fields.rest(lower, field, cut, read[at].clone(), fits)?;
        }
        Ok((read, share))
    }

    /// Each field that a step reads; in training those that are varied as far as that goes.
    fn seen(&self, lower: &mut Lower) -> Outcome<(Vec<Tensor>, Option<Tensor>)> {
        let fields = self.feeds();
        let mut seen: Vec<Tensor> = vec![];
        for (slot, &field) in fields.iter().enumerate() {
            seen.push(match self.augmented.cuts.get(&field).filter(|_| lower.setting.training) {
                Some(cut) => cut.halfway(lower, Slot::Feed(slot as u32)),
                None => self.feed(lower, slot, field),
            });
        }
        let blocks = if lower.setting.training { &self.augmented.blocks[..] } else { &[] };
        for block in blocks {
            let draws = lower.draws.clone();
            for &field in &block.fields {
                // What is drawn for one of them is drawn for all.
                lower.draws = draws.clone();
                let at = self.feed_of(field);
                seen[at] = self.varied(lower, block, field, seen[at].clone())?;
            }
        }
        let mixing = self.augmented.mixing.as_ref().filter(|_| lower.setting.training);
        let share = mixing.map(|step| self.mixed(lower, step, &mut seen)).transpose()?;
        Ok((seen, share))
    }

    /// Mixes the inputs of each example with those of the next in its batch; gives the share that it has kept.
    fn mixed(&self, lower: &mut Lower, step: &Expr, seen: &mut [Tensor]) -> Outcome<Tensor> {
        let (forms, given) = callee(lower, step, Kind::Augmentation, &mut self.scope())?;
        let (augmentation, at) = (forms[0].callable.name.text.to_string(), name_span(step));
        if forms.iter().all(|form| form.callable.inputs.len() != 2) {
            let images = self.inputs.iter().filter(|&&it| self.fields.received[it].meaning == Meaning::Image);
            let fields = images.map(|&it| self.fields.decls[it].name.text.to_string()).collect();
            return Err(lower.report(MixesNothing { augmentation, step: print_expr(step), fields, at }));
        }
        let applied = Rc::new(Callee { what: What::Defined(forms), given, span: step.span });
        let path = format!("augment batch {}", own_name(&augmentation));
        let (draws, mut share) = (lower.draws.clone(), None);
        for (slot, &field) in self.inputs.iter().enumerate() {
            // What is drawn for one input is drawn for all.
            lower.draws = draws.clone();
            let (own, other) = (seen[slot].clone(), next_example(lower, &seen[slot]));
            let result = lower.applied(&applied, vec![Value::Tensor(own), Value::Tensor(other)], &path, step.span)?;
            let parts = match result.settled() {
                Value::Tuple(parts) => match <[_; 2]>::try_from(parts) {
                    Ok([(_, mixed), (Some(name), kept)]) if &*name == "share" => Ok((mixed, kept)),
                    Ok(_) | Err(_) => Err("other values".to_string()),
                },
                other => Err(other.noun()),
            };
            let (mixed, kept) = match parts {
                Ok(parts) => parts,
                Err(found) => return Err(lower.report(MixingResult { augmentation, found, at })),
            };
            let (mixed, kept) = (lower.tensor_of(mixed, step.span)?, lower.tensor_of(kept, step.span)?);
            if !kept.shape.is_empty() || lower.dtype(&kept) != Dtype::F32 {
                let found = format!("{} as its share", describe(&kept));
                return Err(lower.report(MixingResult { augmentation, found, at }));
            }
            seen[slot] = self.of_same_type(lower, field, &seen[slot], mixed, (&augmentation, at))?;
            share = share.or(Some(kept));
        }
        Ok(share.expect("a model has an input"))
    }

    fn feed_of(&self, field: usize) -> usize {
        self.feeds().iter().position(|&it| it == field).expect("checked to be read")
    }

    /// A field after the augmentations of a block.
    fn varied(&self, lower: &mut Lower, block: &Augment, field: usize, given: Tensor) -> Outcome<Tensor> {
        let names: Vec<&str> = block.fields.iter().map(|&it| self.fields.decls[it].name.as_str()).collect();
        let mut value = given;
        for step in &block.steps {
            let mut scope = self.scope();
            let (forms, given) = callee(lower, step, Kind::Augmentation, &mut scope)?;
            let name = forms[0].callable.name.text.to_string();
            if forms.iter().all(|form| form.callable.inputs.len() == 2) {
                return Err(lower.report(MixesExamples {
                    augmentation: name,
                    step: print_expr(step),
                    at: name_span(step),
                }));
            }
            let applied = Rc::new(Callee { what: What::Defined(forms), given, span: step.span });
            let path = format!("augment {} {}", names.join(" "), own_name(&name));
            let result = lower.applied(&applied, vec![Value::Tensor(value.clone())], &path, step.span)?;
            let result = lower.tensor_of(result, step.span)?;
            value = self.of_same_type(lower, field, &value, result, (&name, name_span(step)))?;
        }
        Ok(value)
    }

    /// What an augmentation has made of a field, which is of the type that it had.
    fn of_same_type(
        &self,
        lower: &mut Lower,
        field: usize,
        before: &Tensor,
        after: Tensor,
        (augmentation, at): (&str, Span),
    ) -> Outcome<Tensor> {
        if after.shape != before.shape || after.dtype != before.dtype {
            let decl = &self.fields.decls[field];
            let (wanted, found) = (describe(before), describe(&after));
            let augmentation = augmentation.to_string();
            let (field, field_at) = (decl.name.text.to_string(), decl.ty.span);
            return Err(lower.report(AugmentationChangesType { augmentation, field, wanted, found, at, field_at }));
        }
        Ok(Tensor { meaning: before.meaning, optional: before.optional, names: before.names.clone(), ..after })
    }

    /// The fields that are varied, by their indices.
    pub fn varied_fields(&self) -> Vec<usize> {
        self.augmented.cuts.keys().copied().collect()
    }

    /// What steps see of the fields that are varied.
    pub fn varied_function(&self, n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(endless(true, n), &mut problems);
        let (seen, _) = self.seen(&mut lower).expect("checked before");
        let of = |field: &usize| {
            let tensor = &seen[self.feed_of(*field)];
            lower.spread(tensor, &[BATCH], &tensor.shape)
        };
        let results = self.varied_fields().iter().map(of).collect();
        Function { graph: lower.graph, states: vec![], feeds: self.step_feeds(n, true), results, updates: vec![] }
    }

    /// The fits that a training step reads after its fields: of which field, and which of its.
    pub fn step_fits(&self) -> Vec<(usize, usize)> {
        let cuts = self.augmented.cuts.iter();
        cuts.flat_map(|(&field, cut)| self.fields.rest_fits(field, cut).map(move |it| (field, it))).collect()
    }

    /// The types of what is fed to a step.
    pub(super) fn step_feeds(&self, n: usize, training: bool) -> Vec<FeedType> {
        let fields = self.feeds();
        let mut feeds = self.feed_types(&fields, n);
        if training {
            for (feed, field) in feeds.iter_mut().zip(&fields) {
                if let Some(halfway) = self.augmented.cuts.get(field).and_then(Cut::plan) {
                    *feed = ([&[n][..], &halfway.shape].concat(), halfway.dtype);
                }
            }
            feeds.extend(self.step_fits().into_iter().map(|(field, fit)| self.fields.fits[field][fit].clone()));
        }
        feeds
    }

    pub fn encode_first(&self, field: usize, n: usize) -> Function {
        self.fields.encode_first(field, &self.augmented.cuts[&field], n)
    }

    pub fn encode_rest(&self, field: usize, n: usize) -> Function {
        self.fields.encode_rest(field, &self.augmented.cuts[&field], n)
    }

    /// The same without what varies its examples.
    pub fn unvaried(&self) -> Experiment {
        Experiment { augmented: Default::default(), ..self.clone() }
    }
}

/// The same of the next example in the batch; the last has the first.
pub(super) fn next_example(lower: &mut Lower, tensor: &Tensor) -> Tensor {
    let n = lower.setting.batch;
    if n == 1 || !lower.is_batched(tensor) {
        return tensor.clone();
    }
    let rows = lower.bring_in(tensor, BATCH);
    let rest = lower.view(&rows, |axis| View::Slice { axis, start: 1, step: 1, len: n - 1 }, 0);
    let first = lower.view(&rows, |axis| View::Slice { axis, start: 0, step: 1, len: 1 }, 0);
    let named = |it: Tensor| Tensor { names: rows.names.clone(), ..it };
    let turned = lower.concat(&[named(rest), named(first)], 0);
    let lifted = lower.lift(&turned, BATCH);
    Tensor { meaning: tensor.meaning, optional: tensor.optional, ..lifted }
}

/// Where a step names its augmentation.
fn name_span(step: &Expr) -> Span {
    match &step.kind {
        ExprKind::Call { callee, .. } => callee.span,
        _ => step.span,
    }
}
