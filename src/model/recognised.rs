//! What a `for` became: a convolution, a contraction, a gather, a reduction, or a formula at each place.

use std::ops::Range;

use super::discover::operations;
use super::linear::slides;
use crate::source::Span;
use crate::tensor::{Dtype, Function, Graph, Id, Op, Slot, View, simplify};

/// A `for` of the user's own text, as it was lowered.
#[derive(Clone, Debug)]
pub struct Looped {
    /// `for i in H, j in W`
    pub text: String,
    pub span: Span,
    /// The nodes made meanwhile, and the one that is its value.
    pub nodes: Range<u32>,
    pub value: Id,
}

/// A `for` in a model and its layers, and what it costs there for one example.
#[derive(Clone, Debug)]
pub struct LoopInfo {
    pub text: String,
    pub span: Span,
    /// `a convolution`; several, if it is made of several.
    pub became: String,
    /// How often it is there: in each use of the layer that has it.
    pub times: usize,
    /// Operations of all of these.
    pub flops: u64,
}

/// What each `for` became, in the order in which they are met.
pub fn recognised(graph: &Graph, loops: &[Looped]) -> Vec<LoopInfo> {
    let mut infos: Vec<LoopInfo> = Vec::new();
    for it in loops {
        let function = simplify(&alone(graph, it));
        let flops = function.needed().into_iter().map(|id| operations(&function.graph, id)).sum();
        match infos.iter_mut().find(|info| info.span == it.span) {
            Some(info) => {
                info.times += 1;
                info.flops += flops;
            }
            None => {
                let (text, became) = (it.text.clone(), words(&function));
                infos.push(LoopInfo { text, span: it.span, became, times: 1, flops });
            }
        }
    }
    infos
}

/// The function of the value in what was there before.
fn alone(graph: &Graph, it: &Looped) -> Function {
    let mut function = Function::default();
    let mut new: Vec<Option<Id>> = vec![None; graph.len()];
    for id in graph.needed([it.value].into_iter()) {
        let node = &graph[id];
        let is_source = matches!(node.op, Op::Const(_) | Op::Index { .. });
        let id_in = if it.nodes.contains(&id.0) || is_source {
            let args: Vec<Id> = node.args.iter().map(|arg| new[arg.0 as usize].expect("operands come first")).collect();
            function.graph.node(node.op.clone(), &args, node.shape.clone(), node.dtype)
        } else {
            function.feeds.push((node.shape.to_vec(), node.dtype));
            let slot = Slot::Feed(function.feeds.len() as u32 - 1);
            function.graph.input(slot, &node.shape, node.dtype)
        };
        new[id.0 as usize] = Some(id_in);
    }
    function.results = vec![new[it.value.0 as usize].expect("it is needed by itself")];
    function
}

fn words(function: &Function) -> String {
    let graph = &function.graph;
    let mut words: Vec<String> = Vec::new();
    let mut say = |word: String| {
        if !words.contains(&word) {
            words.push(word);
        }
    };
    for id in function.needed() {
        let node = &graph[id];
        let slides = || node.args.iter().any(|&arg| slides(graph, arg));
        match &node.op {
            Op::Scan { scan, .. } => say(format!("a recurrence of {} turns", scan.turns)),
            Op::Contract { .. } if slides() => say("a convolution".into()),
            Op::Contract { a, out, .. } if a.iter().all(|label| out.contains(label)) => say("an outer product".into()),
            Op::Contract { .. } => say("a contraction".into()),
            Op::Gather { .. } => say("a gather".into()),
            Op::ScatterAdd { .. } => say("a scatter".into()),
            Op::Max { .. } | Op::Fold(View::Expand { .. }) if slides() => say("a reduction of windows".into()),
            Op::Max { .. } | Op::Fold(View::Expand { .. }) => say("a reduction".into()),
            Op::Fold(View::Window { .. }) => say("a sum of overlapping windows".into()),
            Op::Order { .. } => say("a sort".into()),
            Op::Input(_) | Op::Const(_) | Op::Map(_) | Op::View(_) | Op::Fold(_) => {}
            Op::Index { .. } | Op::Random { .. } => {}
        }
    }
    let computes = |id: &Id| matches!(graph[*id].op, Op::Map(_)) && graph[*id].dtype != Dtype::I32;
    match &words[..] {
        [] if function.needed().iter().any(computes) => "a formula at each place".into(),
        [] => "a view, which costs nothing".into(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
