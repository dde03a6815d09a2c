//! Private training as the program asks for it: what is limited, what is spent, and what each example has of its own.

use std::collections::BTreeMap;

use super::lower::{Lower, Outcome};
use super::value::{BATCH, Tensor};
use crate::problem::privacy::PrivateMixing;
use crate::source::Span;
use crate::tensor::{Function, Graph, Id, Op, Slot};

/// `privacy { method: dp_sgd(clip: 1.0), budget: epsilon(3, delta: 1e-5) }`
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Privacy {
    /// The most that the gradient of one example counts for: its norm over all parameters together.
    pub clip: f64,
    /// What the whole run may spend.
    pub epsilon: f64,
    pub delta: f64,
    /// Of the noise and of the draws of examples; without one nobody knows it.
    pub seed: Option<u64>,
    pub span: Span,
    pub budget_at: Span,
    pub delta_at: Span,
    pub seed_at: Option<Span>,
}

/// What private training asks of a lowering.
#[derive(Clone, Debug, Default)]
pub struct Private {
    /// Where it is asked for, if it is: nothing may mix examples then.
    pub at: Option<Span>,
    /// The parameters of which each example has a copy, by slot, where their gradients are wanted one by one: carried values
    /// of no recurrence, which stand for what is the same for all examples until [`with_copies`] says so.
    pub copies: Option<BTreeMap<u32, Id>>,
}

impl Lower<'_> {
    /// A parameter as an example reads it: where gradients are wanted one by one, a copy of its own.
    pub fn copy_of(&mut self, slot: u32, whole: Tensor) -> Tensor {
        let rows = self.setting.batch;
        let Some(copies) = &mut self.private.copies else { return whole };
        if !self.declared[slot as usize].trained {
            return whole;
        }
        let shape = [&[rows], &whole.shape[..]].concat();
        let graph = &mut self.graph;
        let id = *copies.entry(slot).or_insert_with(|| graph.carry(&shape, whole.dtype));
        Tensor { id, lead: vec![BATCH], ..whole }
    }

    /// Whether a formula may ask for all examples as far as privacy goes: whoever sees the others tells of them.
    pub fn may_mix(&mut self, span: Span) -> Outcome<()> {
        let Some(private_at) = self.private.at else { return Ok(()) };
        let (callee, at) = (self.blamed(), self.blame(span));
        Err(self.report(PrivateMixing { callee, at, private_at }))
    }

    /// Whether a value that is made of parameters may differ from example to example.
    pub fn is_whole(&self, tensor: &Tensor) -> bool {
        tensor.lead.is_empty() || self.private.copies.is_some() && tensor.lead == [BATCH]
    }
}

/// The function with the one parameter in the place of its copies, of which it had one for each of its `rows`.
pub fn with_copies(function: Function, copies: &BTreeMap<u32, Id>, rows: usize) -> Function {
    let mut graph = Graph::default();
    let mut new: Vec<Id> = vec![Id(0); function.graph.len()];
    for id in function.needed() {
        let node = &function.graph[id];
        let args: Vec<Id> = node.args.iter().map(|arg| new[arg.0 as usize]).collect();
        new[id.0 as usize] = match copies.iter().find(|(_, copy)| **copy == id) {
            Some((&slot, _)) => {
                let one = graph.node(Op::Input(Slot::State(slot)), &[], &node.shape[1..], node.dtype);
                graph.expand(one, 0, rows)
            }
            None => graph.node(node.op.clone(), &args, node.shape.clone(), node.dtype),
        };
    }
    let results = function.results.iter().map(|id| new[id.0 as usize]).collect();
    let updates = function.updates.iter().map(|&(slot, id)| (slot, new[id.0 as usize])).collect();
    Function { graph, results, updates, ..function }
}
