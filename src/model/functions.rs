//! The functions of an experiment: one update, prediction, loss and metrics, as graphs.

mod accumulate;
mod augment;
mod fitting;
mod forward;
mod freezing;
mod losses;
mod metrics;
mod optimizer;
mod private;
mod schedule;
mod step;

pub use freezing::{Frozen, Time, Until};
pub use private::FEEDS as PRIVATE_FEEDS;
pub use schedule::WATCHED;
pub use step::Step;

use super::lower::{ALL, Lower, Setting};
use super::modules::LIBRARY;
use super::privacy::with_copies;
use super::program::{OutputKind, Pace, Share};
use super::train::Experiment;
use super::types::labels::axis_names;
use super::value::*;
use crate::scalar::Dtype;
use crate::syntax::tree::Kind;
use crate::tensor::{Function, Id, Slot};

/// The extents and the type of a feed.
type FeedType = (Vec<usize>, Dtype);

/// What a model gives.
#[derive(Clone)]
pub struct Output {
    /// Empty where there is one unnamed output.
    pub name: String,
    pub tensor: Tensor,
}

impl Experiment {
    pub fn step_function(&self, pace: Pace, done: u64, share: Share) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(Setting { done, ..freezing::setting(pace) }, &mut problems);
        let step = self.lower_share(&mut lower, share);
        let step = step.unwrap_or_else(|_| panic!("a sound program: {:?}", lower.problems));
        let updates = std::mem::take(&mut lower.nexts).into_iter().collect();
        let mut feeds = self.step_feeds(pace.batch, true);
        let mut states = self.states();
        if share != Share::Whole {
            states.extend(self.sums());
        }
        let copies = std::mem::take(&mut lower.private.copies);
        if copies.is_some() {
            feeds.extend(Experiment::private_feeds(pace.batch));
        }
        let results = vec![step.loss, step.total, step.rate];
        let function = Function { graph: lower.graph, states, feeds, results, updates };
        match copies {
            Some(copies) => with_copies(function, &copies, pace.batch),
            None => function,
        }
    }

    /// The gradient of the loss with its regularizers in each parameter of `slots`.
    pub fn gradient_function(&self, slots: &[u32], n: usize, training: bool) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(endless(training, n), &mut problems);
        let step = self.lower_step(&mut lower).expect("checked before");
        let wanted: Vec<Id> = slots.iter().map(|&slot| lower.state(slot).id).collect();
        let results = crate::tensor::grad(&mut lower.graph, step.total, &wanted);
        let feeds = self.step_feeds(n, training);
        Function { graph: lower.graph, states: self.states(), feeds, results, updates: vec![] }
    }

    /// The loss with its regularizers, without an update.
    pub fn objective_function(&self, n: usize, training: bool) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(endless(training, n), &mut problems);
        let step = self.lower_step(&mut lower).expect("checked before");
        let feeds = self.step_feeds(n, training);
        Function { graph: lower.graph, states: self.states(), feeds, results: vec![step.total], updates: vec![] }
    }

    pub fn predict_function(&self, n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(still(n), &mut problems);
        let outputs = self.predicted(&mut lower).expect("checked before");
        let results = outputs.iter().map(|it| lower.spread(&it.tensor, &[BATCH], &it.tensor.shape)).collect();
        let feeds = self.feed_types(&self.inputs, n);
        Function { graph: lower.graph, states: self.states(), feeds, results, updates: vec![] }
    }

    /// The parameters of the model, each as the model reads it: with what its adapter makes of it.
    pub fn merged_function(&self) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(still(1), &mut problems);
        let is_the_models =
            |slot: &u32| self.declared[*slot as usize].trained && self.declared[*slot as usize].adapts.is_none();
        let slots = (0..self.declared.len() as u32).filter(is_the_models);
        let results = slots.map(|slot| lower.read(slot).expect("checked before").id).collect();
        Function { graph: lower.graph, states: self.states(), feeds: vec![], results, updates: vec![] }
    }

    pub fn loss_function(&self, outputs: &[(String, Vec<usize>, Meaning)], n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(still(n), &mut problems);
        let (fed, targets, mut feeds) = self.measured(&mut lower, outputs, n);
        let weight = self.weight.map(|field| {
            feeds.extend(self.feed_types(&[field], n));
            self.feed(&mut lower, outputs.len() + targets.len(), field)
        });
        let each = self.weighted_loss(&mut lower, &fed, &targets, weight.as_ref()).expect("checked before");
        let loss = losses::mean_of_all(&mut lower, &each);
        Function { graph: lower.graph, states: self.states(), feeds, results: vec![loss.id], updates: vec![] }
    }

    pub fn metric_function(&self, metric: usize, outputs: &[(String, Vec<usize>, Meaning)], n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(still(n), &mut problems);
        let (fed, targets, feeds) = self.measured(&mut lower, outputs, n);
        let score = self.metric_of(&mut lower, &self.metrics[metric], &fed, &targets).expect("checked before");
        let value = score.value;
        Function { graph: lower.graph, states: self.states(), feeds, results: vec![value.id], updates: vec![] }
    }

    /// What a person reads of an output.
    pub fn read_function(&self, output: &(String, Vec<usize>, Meaning), n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(still(n), &mut problems);
        let (_, shape, meaning) = output;
        let shape = [&[n][..], shape].concat();
        let id = lower.graph.input(Slot::Feed(0), &shape, Dtype::F32);
        let tensor = Tensor { meaning: *meaning, ..lower.tensor(id, vec![BATCH]) };
        let id = match meaning {
            Meaning::Logits | Meaning::Logit | Meaning::Prob | Meaning::LogProb => {
                let forms =
                    lower.modules.callables(LIBRARY, Kind::Fn, "probabilities").expect("a function of the library");
                let span = self.loss.span;
                let callee = Callee { what: What::Defined(forms), given: vec![], span };
                let value =
                    lower.apply(&std::rc::Rc::new(callee), vec![Value::Tensor(tensor)], span).expect("a form for each");
                lower.tensor_of(value, span).expect("a tensor").id
            }
            _ => id,
        };
        Function {
            graph: lower.graph,
            states: vec![],
            feeds: vec![(shape, Dtype::F32)],
            results: vec![id],
            updates: vec![],
        }
    }

    /// Outputs and targets as feeds, for what is measured.
    fn measured(
        &self,
        lower: &mut Lower,
        outputs: &[(String, Vec<usize>, Meaning)],
        n: usize,
    ) -> (Vec<Output>, Vec<Tensor>, Vec<FeedType>) {
        let mut feeds = Vec::new();
        let mut fed = Vec::new();
        for (slot, (name, shape, meaning)) in outputs.iter().enumerate() {
            let shape = [&[n][..], shape].concat();
            let id = lower.graph.input(Slot::Feed(slot as u32), &shape, Dtype::F32);
            let tensor = Tensor { meaning: *meaning, ..lower.tensor(id, vec![BATCH]) };
            fed.push(Output { name: name.clone(), tensor });
            feeds.push((shape, Dtype::F32));
        }
        let targets: Vec<Tensor> =
            self.targets.iter().enumerate().map(|(at, &field)| self.target(lower, outputs.len() + at, field)).collect();
        feeds.extend(self.feed_types(&self.targets, n));
        (fed, targets, feeds)
    }

    /// The fields that a step reads, in the order of its feeds.
    pub fn feeds(&self) -> Vec<usize> {
        self.inputs.iter().chain(&self.targets).copied().chain(self.weight).collect()
    }

    fn feed(&self, lower: &mut Lower, slot: usize, field: usize) -> Tensor {
        let it = &self.fields.received[field];
        let shape = [&[lower.setting.batch][..], &it.shape].concat();
        let id = lower.graph.input(Slot::Feed(slot as u32), &shape, it.dtype);
        let mut names = axis_names(&self.fields.decls[field].ty, 0);
        names.resize(it.shape.len(), AxisName::default());
        if let (Meaning::Class { padded, .. }, Some(places)) = (it.meaning, names.first_mut()) {
            places.padded = padded;
        }
        Tensor { meaning: it.meaning, optional: it.optional, names, ..lower.tensor(id, vec![BATCH]) }
    }

    /// A target as losses and metrics see it.
    pub fn target(&self, lower: &mut Lower, slot: usize, field: usize) -> Tensor {
        as_target(self.feed(lower, slot, field))
    }

    fn feed_types(&self, fields: &[usize], n: usize) -> Vec<(Vec<usize>, Dtype)> {
        let of = |&field: &usize| {
            let it = &self.fields.received[field];
            ([&[n][..], &it.shape].concat(), it.dtype)
        };
        fields.iter().map(of).collect()
    }

    fn states(&self) -> Vec<(Vec<usize>, Dtype)> {
        self.declared.iter().map(|it| (it.shape.clone(), Dtype::F32)).collect()
    }
}

/// What a target means to losses and metrics.
fn as_target(tensor: Tensor) -> Tensor {
    match tensor.meaning {
        Meaning::Plain => Tensor { meaning: Meaning::Quantity, ..tensor },
        _ => tensor,
    }
}

/// How an output is read, by what it means.
pub fn output_kind(meaning: Meaning) -> OutputKind {
    match meaning {
        Meaning::Logits => OutputKind::Logits,
        Meaning::Logit => OutputKind::Logit,
        Meaning::Prob => OutputKind::Prob,
        Meaning::LogProb => OutputKind::LogProb,
        _ => OutputKind::Number,
    }
}

/// Of a run whose end is far off: what an update does beside its schedule.
pub fn endless(training: bool, n: usize) -> Setting {
    Setting { training, batch: n, epoch: 1, total: 1 << 40, done: ALL }
}

/// Neither training nor paced.
pub fn still(n: usize) -> Setting {
    Setting { training: false, batch: n, epoch: 0, total: 0, done: ALL }
}
