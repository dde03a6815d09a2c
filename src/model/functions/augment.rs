//! What a step reads: the fields as the model receives them; in training, those that are augmented, after that.

use std::rc::Rc;

use crate::model::fields::Cut;
use crate::model::lower::{ALL, Fits, Lower, Outcome, Setting};
use crate::model::train::{Augment, Experiment, callee};
use crate::model::types::describe;
use crate::model::value::*;
use crate::problem::training::AugmentationChangesType;
use crate::syntax::tree::{ExprKind, Kind};
use crate::tensor::{Function, Slot};

use super::FeedType;

impl Experiment {
    /// Each field that a step reads as the model receives it, in the order of its feeds.
    pub(super) fn read(&self, lower: &mut Lower) -> Outcome<Vec<Tensor>> {
        let mut read = self.seen(lower)?;
        if !lower.setting.training {
            return Ok(read);
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
        Ok(read)
    }

    /// Each field that a step reads; in training those that are varied as far as that goes.
    fn seen(&self, lower: &mut Lower) -> Outcome<Vec<Tensor>> {
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
        Ok(seen)
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
            let applied = Rc::new(Callee { what: What::Defined(forms), given, span: step.span });
            let path = format!("augment {} {name}", names.join(" "));
            let result = lower.applied(&applied, vec![Value::Tensor(value.clone())], &path, step.span)?;
            let result = lower.tensor_of(result, step.span)?;
            if result.shape != value.shape || result.dtype != value.dtype {
                let decl = &self.fields.decls[field];
                let (wanted, found) = (describe(&value), describe(&result));
                let at = match &step.kind {
                    ExprKind::Call { callee, .. } => callee.span,
                    _ => step.span,
                };
                let (field, field_at) = (decl.name.text.to_string(), decl.ty.span);
                let augmentation = name;
                return Err(lower.report(AugmentationChangesType { augmentation, field, wanted, found, at, field_at }));
            }
            value = Tensor { meaning: value.meaning, optional: value.optional, names: value.names, ..result };
        }
        Ok(value)
    }

    /// The fields that are varied, by their indices.
    pub fn varied_fields(&self) -> Vec<usize> {
        self.augmented.cuts.keys().copied().collect()
    }

    /// What steps see of the fields that are varied.
    pub fn varied_function(&self, n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower =
            self.lower(Setting { training: true, batch: n, epoch: 1, total: 1 << 40, done: ALL }, &mut problems);
        let seen = self.seen(&mut lower).expect("checked before");
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
