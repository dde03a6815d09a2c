//! Lowering: what an expression does to the graph.
//!
//! The language speaks of one example. A tensor of the language is a node whose unwritten axes (the batch, the variables
//! of a `for`) stand in front, in ascending order of their [`Lead`]; what two operands need to meet is added here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod picks;

use picks::affine;

use super::adapt::Adapter;
use super::modules::{Definition, ModuleId, Modules};
use super::privacy::Private;
use super::types::labels::{differ, first_of, reshaped};
use super::value::{Affine, AxisName, BATCH, Lead, Meaning, Tensor, Value};
use crate::problem::Problem;
use crate::scalar::{Dtype, Scalar};
use crate::source::Span;
use crate::tensor::{Graph, Id, Slot, View};

/// A mistake that has been reported: what depends on it stays silent.
#[derive(Clone, Copy, Debug)]
pub struct Reported;

pub type Outcome<T> = Result<T, Reported>;

/// What is known of a tensor that lives from step to step.
#[derive(Clone, Debug)]
pub struct Declared {
    pub path: String,
    pub trained: bool,
    pub shape: Vec<usize>,
    /// What it starts as: a node of [`Lower::initial`].
    pub initial: Id,
    /// Of what belongs to an adapter the parameter that this adapts.
    pub adapts: Option<String>,
    pub span: Span,
}

/// One stage of the model, as it was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    pub path: String,
    pub layer: String,
    /// The definition that was applied.
    pub form: Definition,
    pub ty: String,
    pub shape: Vec<usize>,
    pub depth: usize,
    /// The nodes made meanwhile.
    pub nodes: std::ops::Range<u32>,
    /// The parameters met meanwhile, as slots.
    pub slots: Vec<u32>,
    pub span: Span,
}

/// What is lowered, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    pub training: bool,
    /// Examples in the batch.
    pub batch: usize,
    /// Updates of an epoch and of the run, where they are known.
    pub epoch: u64,
    pub total: u64,
    /// Updates done before: what is frozen for a while is frozen still, or trains. [`ALL`] is after every while.
    pub done: u64,
}

/// More updates than any run has.
pub const ALL: u64 = u64::MAX;

/// Where the fitted values of an encoder come from.
pub enum Fits {
    /// There are none here.
    None,
    /// They are computed from the training rows, in order.
    Fit(Vec<Id>),
    /// They are fed, in order.
    Given(std::vec::IntoIter<(Slot, Vec<usize>, Dtype)>),
}

impl Fits {
    /// Fits of these types, each in the slot that `slot` gives it.
    pub fn given(types: &[(Vec<usize>, Dtype)], slot: impl Fn(u32) -> Slot) -> Fits {
        let slots = types.iter().enumerate().map(|(at, (shape, dtype))| (slot(at as u32), shape.clone(), *dtype));
        Fits::Given(slots.collect::<Vec<_>>().into_iter())
    }

    /// How many have been fitted so far.
    pub fn fitted(&self) -> usize {
        if let Fits::Fit(fits) = self { fits.len() } else { 0 }
    }
}

/// Where a name that nothing declares was met last: it could have meant one of the names seen there.
pub struct Word {
    pub module: ModuleId,
    pub in_scope: Vec<Arc<str>>,
}

/// The state of lowering one function.
pub struct Lower<'a> {
    pub modules: &'a Modules,
    /// The span's file is the library: the mistake is told at the user's own place.
    pub library_files: u32,
    pub problems: &'a mut Vec<Problem>,
    pub graph: Graph,
    pub setting: Setting,
    /// The extents of leads.
    pub extents: Vec<usize>,
    /// The tensors that live from step to step, by slot. Found when the model is lowered for the first time.
    pub declared: Vec<Declared>,
    pub slots: BTreeMap<String, u32>,
    /// States of the optimizer that nothing but themselves reads: they are 0, and are not kept.
    pub dead: BTreeSet<String>,
    /// Whether a name that is not among `declared` may join them.
    pub discovering: bool,
    /// The graph of initial values.
    pub initial: Graph,
    /// The next values of states, by slot.
    pub nexts: BTreeMap<u32, Id>,
    /// The shape that a draw without a shape of its own takes: that of the parameter which starts as it.
    pub hint: Option<Vec<usize>>,
    /// The path of the stage that is being applied.
    pub path: String,
    /// How many draws were made on each path.
    pub draws: BTreeMap<String, u32>,
    pub stages: Vec<Applied>,
    /// Each `for` of the user's own that is not within another.
    pub loops: Vec<super::recognised::Looped>,
    /// Whether we are within one.
    pub looping: bool,
    /// Whether what is computed is taken only where a condition holds: an index may then be outside elsewhere.
    pub guarded: bool,
    /// What the user has given a name in a model or a layer, by path.
    pub named: Vec<(String, Id)>,
    pub depth: usize,
    /// How many formulas are being evaluated, one within the other.
    pub levels: usize,
    /// The places in the user's text from which we came, innermost last.
    pub calls: Vec<Span>,
    /// What was called there: `the layer \`residual\``.
    pub callees: Vec<String>,
    /// Words that nothing declares, and the values that they could have meant.
    pub words: BTreeMap<Arc<str>, Word>,
    /// Names being expanded, for finding definitions without an end.
    pub open: Vec<Arc<str>>,
    pub fits: Fits,
    /// The columns that a field's formula reads; empty elsewhere.
    pub columns: Option<super::fields::Columns>,
    /// Whether anything has mixed the examples of a batch.
    pub crossing: bool,
    /// The definitions whose bodies are being evaluated, innermost last.
    pub definitions: Vec<Arc<crate::syntax::tree::Callable>>,
    /// Within a `fit`, which sees all training rows.
    pub fitting: bool,
    /// The patterns of what is frozen: a layer under such a path neither trains nor moves its statistics.
    pub frozen: Vec<String>,
    /// Whether this is a training step, whatever is frozen in it.
    pub trains: bool,
    /// What stands between parameters and the layers that read them.
    pub adapters: Arc<[Adapter]>,
    /// What adapters have made of parameters, by slot, with its unwritten axes.
    pub adapted: BTreeMap<u32, (Id, Vec<Lead>)>,
    /// The parameter whose adapter is being applied.
    pub adapting: Option<String>,
    /// Where the inputs of the model were declared, until it is entered.
    pub input_places: Vec<Span>,
    /// What a free size of the model's result stands for: the number of classes of the data's target.
    pub wanted_scores: Option<(usize, Span)>,
    pub private: Private,
}

impl<'a> Lower<'a> {
    pub fn new(
        modules: &'a Modules,
        library_files: u32,
        problems: &'a mut Vec<Problem>,
        setting: Setting,
    ) -> Lower<'a> {
        Lower {
            modules,
            library_files,
            problems,
            graph: Graph::default(),
            setting,
            extents: vec![setting.batch],
            declared: Vec::new(),
            slots: BTreeMap::new(),
            dead: BTreeSet::new(),
            discovering: false,
            initial: Graph::default(),
            nexts: BTreeMap::new(),
            hint: None,
            path: String::new(),
            draws: BTreeMap::new(),
            stages: Vec::new(),
            loops: Vec::new(),
            looping: false,
            guarded: false,
            named: Vec::new(),
            depth: 0,
            levels: 0,
            calls: Vec::new(),
            callees: Vec::new(),
            words: BTreeMap::new(),
            open: Vec::new(),
            fits: Fits::None,
            columns: None,
            crossing: false,
            definitions: Vec::new(),
            fitting: false,
            frozen: Vec::new(),
            trains: setting.training,
            adapters: Arc::new([]),
            adapted: BTreeMap::new(),
            adapting: None,
            input_places: Vec::new(),
            wanted_scores: None,
            private: Private::default(),
        }
    }

    /// Reports a problem, once.
    pub fn report(&mut self, problem: impl Into<Problem>) -> Reported {
        let mut problem = problem.into();
        // Places in the library are told at the call through which it was entered: several can become one.
        let labels = std::mem::take(&mut problem.labels);
        for label in labels {
            if problem.labels.iter().all(|it| it.span != label.span) {
                problem.labels.push(label);
            }
        }
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        Reported
    }

    /// The place in the user's own text that `span` belongs to: itself, or the call through which the library was entered.
    pub fn blame(&self, span: Span) -> Span {
        if !self.in_library(span) {
            return span;
        }
        self.calls.iter().rev().copied().find(|&call| !self.in_library(call)).unwrap_or(span)
    }

    /// What was called at the place that is blamed for what the library finds.
    pub fn blamed(&self) -> String {
        let at = self.calls.iter().rposition(|&call| !self.in_library(call));
        at.map_or_else(|| "the definition".to_string(), |at| self.callees[at].clone())
    }

    pub fn in_library(&self, span: Span) -> bool {
        span.file.0 < self.library_files
    }

    // -------------------------------------------------------------------------------------------- tensors

    /// A node without leads.
    pub fn whole(&self, id: Id) -> Tensor {
        self.tensor(id, vec![])
    }

    /// A node whose first axes are `lead`.
    pub fn tensor(&self, id: Id, lead: Vec<Lead>) -> Tensor {
        let shape = self.graph.shape(id)[lead.len()..].to_vec();
        let names = vec![AxisName::default(); shape.len()];
        let dtype = self.graph[id].dtype;
        Tensor { id, lead, shape, dtype, names, meaning: Meaning::Plain, optional: false, affine: None }
    }

    pub fn dtype(&self, tensor: &Tensor) -> Dtype {
        tensor.dtype
    }

    /// A new variable of a `for`, of `extent` values.
    pub fn new_lead(&mut self, extent: usize) -> Lead {
        self.extents.push(extent);
        Lead(self.extents.len() as u32 - 1)
    }

    /// The variable itself, as an index.
    pub fn variable(&mut self, lead: Lead) -> Tensor {
        let id = self.graph.index(0, &[self.extents[lead.0 as usize]]);
        let affine = Some(Affine { terms: vec![(lead, 1)], constant: 0 });
        Tensor { affine, ..self.tensor(id, vec![lead]) }
    }

    /// A number as a constant of `dtype`.
    pub fn constant(&mut self, value: f64, dtype: Dtype) -> Tensor {
        let id = match dtype {
            Dtype::F32 => self.graph.constant(value as f32, &[]),
            Dtype::I32 => self.graph.integer(value as i32, &[]),
            Dtype::Bool => self.graph.truth(value != 0.0, &[]),
        };
        let affine = (dtype == Dtype::I32).then(|| Affine { terms: vec![], constant: value as i64 });
        Tensor { affine, ..self.whole(id) }
    }

    /// The number of the update, from 1, without those `before`, as an f32.
    pub fn step_number(&mut self, before: u64) -> Tensor {
        let mut step = self.graph.input(Slot::Step, &[], Dtype::I32);
        if before > 0 {
            let before = self.graph.integer(before.min(i32::MAX as u64) as i32, &[]);
            step = self.graph.map(Scalar::Sub, &[step, before]);
        }
        let id = self.graph.map(Scalar::ToF32, &[step]);
        self.whole(id)
    }

    /// `tensor` with the leads `lead` (which has its own among them) and the shape `shape` (of which its own is a suffix).
    pub fn spread(&mut self, tensor: &Tensor, lead: &[Lead], shape: &[usize]) -> Id {
        let mut id = tensor.id;
        for (at, it) in lead.iter().enumerate() {
            if !tensor.lead.contains(it) {
                id = self.graph.expand(id, at, self.extents[it.0 as usize]);
            }
        }
        for &extent in shape[..shape.len() - tensor.shape.len()].iter().rev() {
            id = self.graph.expand(id, lead.len(), extent);
        }
        id
    }

    /// The leads of all, ascending.
    pub fn leads(&self, tensors: &[&Tensor]) -> Vec<Lead> {
        let mut all: Vec<Lead> = tensors.iter().flat_map(|it| it.lead.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// `scalar` on operands of which the shapes are suffixes of the longest. `None` where they are not.
    pub fn map(&mut self, scalar: Scalar, operands: &[&Tensor]) -> Option<Tensor> {
        let longest = operands.iter().max_by_key(|it| it.shape.len()).expect("an operand");
        let shape = longest.shape.clone();
        let mut names = longest.names.clone();
        operands.iter().for_each(|it| first_of(&mut names, &it.names));
        if !operands.iter().all(|it| shape.ends_with(&it.shape)) {
            return None;
        }
        let lead = self.leads(operands);
        let ids: Vec<Id> = operands.iter().map(|it| self.spread(it, &lead, &shape)).collect();
        let dtypes: Vec<Dtype> = ids.iter().map(|&id| self.graph[id].dtype).collect();
        scalar.dtype(&dtypes)?;
        let id = self.graph.map(scalar, &ids);
        let affine = affine(scalar, operands);
        Some(Tensor { names, affine, ..self.tensor(id, lead) })
    }

    /// Which axis of the node the shape's axis `axis` is.
    fn at(&self, tensor: &Tensor, axis: usize) -> usize {
        tensor.lead.len() + axis
    }

    /// The sum over an axis of the shape.
    pub fn sum(&mut self, tensor: &Tensor, axis: usize) -> Tensor {
        let id = self.graph.sum(tensor.id, self.at(tensor, axis));
        self.without(tensor, id, axis)
    }

    /// The largest element along an axis of the shape.
    pub fn max(&mut self, tensor: &Tensor, axis: usize) -> Tensor {
        let id = self.graph.max(tensor.id, self.at(tensor, axis));
        self.without(tensor, id, axis)
    }

    fn without(&self, tensor: &Tensor, id: Id, axis: usize) -> Tensor {
        let mut names = tensor.names.clone();
        names.remove(axis);
        Tensor { names, ..self.tensor(id, tensor.lead.clone()) }
    }

    /// Makes the lead the first axis of the shape. A tensor that does not depend on it is repeated.
    pub fn bring_in(&mut self, tensor: &Tensor, lead: Lead) -> Tensor {
        let rest: Vec<Lead> = tensor.lead.iter().copied().filter(|&it| it != lead).collect();
        let id = match tensor.lead.iter().position(|&it| it == lead) {
            Some(at) => {
                let rank = self.graph.shape(tensor.id).len();
                let mut order: Vec<usize> = (0..rank).collect();
                let axis = order.remove(at);
                order.insert(rest.len(), axis);
                if order.is_sorted() { tensor.id } else { self.graph.permute(tensor.id, &order) }
            }
            None => self.graph.expand(tensor.id, rest.len(), self.extents[lead.0 as usize]),
        };
        let names = std::iter::once(AxisName::default()).chain(tensor.names.iter().cloned()).collect();
        Tensor { names, ..self.tensor(id, rest) }
    }

    /// The inverse: the first axis of the shape becomes the lead.
    pub fn lift(&mut self, tensor: &Tensor, lead: Lead) -> Tensor {
        let mut leads = tensor.lead.clone();
        let at = leads.partition_point(|&it| it < lead);
        let rank = self.graph.shape(tensor.id).len();
        let mut order: Vec<usize> = (0..rank).collect();
        let axis = order.remove(leads.len());
        order.insert(at, axis);
        let id = if order.is_sorted() { tensor.id } else { self.graph.permute(tensor.id, &order) };
        leads.insert(at, lead);
        Tensor {
            names: tensor.names[1..].to_vec(),
            meaning: tensor.meaning,
            optional: tensor.optional,
            ..self.tensor(id, leads)
        }
    }

    /// The shape's axes in another order.
    pub fn permute(&mut self, tensor: &Tensor, order: &[usize]) -> Tensor {
        let lead = tensor.lead.len();
        let all: Vec<usize> = (0..lead).chain(order.iter().map(|axis| lead + axis)).collect();
        let id = self.graph.permute(tensor.id, &all);
        let names = order.iter().map(|&axis| tensor.names[axis].clone()).collect();
        Tensor { names, ..self.tensor(id, tensor.lead.clone()) }
    }

    /// The same elements under another shape.
    pub fn reshape(&mut self, tensor: &Tensor, shape: &[usize]) -> Tensor {
        let lead: Vec<usize> = tensor.lead.iter().map(|it| self.extents[it.0 as usize]).collect();
        let id = self.graph.reshape(tensor.id, &[&lead[..], shape].concat());
        let names = reshaped(&tensor.names, &tensor.shape, shape);
        Tensor { names, ..self.tensor(id, tensor.lead.clone()) }
    }

    /// A view of one axis of the shape.
    pub fn view(&mut self, tensor: &Tensor, make: impl Fn(usize) -> View, axis: usize) -> Tensor {
        let id = self.graph.view(make(self.at(tensor, axis)), tensor.id);
        self.tensor(id, tensor.lead.clone())
    }

    /// Tensors of the same other extents, one behind the other along `axis`.
    pub fn concat(&mut self, parts: &[Tensor], axis: usize) -> Tensor {
        let lead = self.leads(&parts.iter().collect::<Vec<_>>());
        let total: usize = parts.iter().map(|part| part.shape[axis]).sum();
        let mut before = 0;
        let mut sum: Option<Id> = None;
        let at = lead.len() + axis;
        let dtype = self.dtype(&parts[0]);
        for part in parts {
            let id = self.spread(part, &lead, &part.shape.clone());
            let after = total - before - part.shape[axis];
            let id = match (before, after) {
                (0, 0) => id,
                _ => self.graph.view(View::Pad { axis: at, before, after, between: 0 }, id),
            };
            before += part.shape[axis];
            let joined = if dtype == Dtype::Bool { Scalar::Or } else { Scalar::Add };
            sum = Some(match sum {
                None => id,
                Some(so_far) => self.graph.map(joined, &[so_far, id]),
            });
        }
        let id = sum.expect("a part");
        let mut names = parts[0].names.clone();
        parts.iter().for_each(|part| first_of(&mut names, &part.names));
        // What is joined of two kinds is of neither.
        if parts.iter().any(|part| differ(&names[axis], &part.names[axis]).is_some()) {
            names[axis] = AxisName::default();
        }
        Tensor { names, ..self.tensor(id, lead) }
    }

    /// Einstein's sum: the shapes' axes have labels, the leads go along. `out` names the axes of the result.
    pub fn contract(&mut self, a: &Tensor, la: &[u8], b: &Tensor, lb: &[u8], out: &[u8]) -> Tensor {
        let lead = self.leads(&[a, b]);
        // Labels of leads lie above those of letters.
        let label = |it: &Lead| 128 + lead.iter().position(|l| l == it).expect("one of them") as u8;
        let of = |tensor: &Tensor, own: &[u8]| -> Vec<u8> {
            tensor.lead.iter().map(label).chain(own.iter().copied()).collect()
        };
        let (all_a, all_b) = (of(a, la), of(b, lb));
        let all_out: Vec<u8> = lead.iter().map(label).chain(out.iter().copied()).collect();
        let id = self.graph.contract_axes(&letters(&all_a), &letters(&all_b), &letters(&all_out), a.id, b.id);
        let name = |l: &u8| {
            let from = |tensor: &Tensor, own: &[u8]| {
                own.iter().position(|o| o == l).map_or_else(AxisName::default, |at| tensor.names[at].clone())
            };
            let mut name = [from(a, la)];
            first_of(&mut name, &[from(b, lb)]);
            let [name] = name;
            name
        };
        Tensor { names: out.iter().map(name).collect(), ..self.tensor(id, lead) }
    }

    // -------------------------------------------------------------------------------------------- places

    /// A stage of the model as it is read: the tensor of a slot.
    pub fn state(&mut self, slot: u32) -> Tensor {
        let shape = self.declared[slot as usize].shape.clone();
        let id = self.graph.input(Slot::State(slot), &shape, Dtype::F32);
        self.whole(id)
    }

    /// A number for the next draw on the present path, that no other draw has.
    pub fn site(&mut self) -> u32 {
        let count = self.draws.entry(self.path.clone()).or_insert(0);
        *count += 1;
        site(&format!("{}#{count}", self.path))
    }

    /// Remembers that a value of the model has a name.
    pub fn note(&mut self, path: &str, value: &Value) {
        if let Value::Tensor(tensor) = value.clone().settled()
            && self.depth > 0
            && !path.is_empty()
        {
            self.named.push((path.to_string(), tensor.id));
        }
    }

    /// Whether the batch is among the leads.
    pub fn is_batched(&self, tensor: &Tensor) -> bool {
        tensor.lead.first() == Some(&BATCH)
    }
}

/// A stable number for a name: FNV-1a.
pub fn site(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Labels of a contraction as the graph prints them: `a`, `b`, … for whatever they were.
fn letters(labels: &[u8]) -> Vec<u8> {
    labels.iter().map(|&label| if label >= 128 { b'A' + (label - 128) } else { label }).collect()
}
