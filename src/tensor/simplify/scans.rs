//! Recurrences: an operand that is the same all along an axis is repeated within the turn, where it may not be needed so.

use std::sync::Arc;

use super::{Rewriter, simplify};
use crate::tensor::{Dtype, Function, Graph, Id, Op, Scan, Slot, View};

/// A simpler node for what a recurrence has made of value number `at`, which has `shape`.
pub fn rewrite(
    rewriter: &mut Rewriter,
    (scan, at): (&Arc<Scan>, usize),
    args: &[Id],
    (shape, dtype): (&[usize], Dtype),
) -> Option<Id> {
    let whole = scan.carried() + scan.sliced;
    let mut args = args.to_vec();
    let mut repeated: Vec<Option<View>> = vec![None; args.len()];
    for feed in whole..args.len() {
        if let Some((view @ View::Expand { .. }, inner)) = rewriter.as_view(args[feed]) {
            (repeated[feed], args[feed]) = (Some(view), inner);
        }
    }
    if repeated.iter().all(Option::is_none) {
        return None;
    }
    let turn = simplify(&with_repeated(&scan.turn, &repeated));
    let scan = Arc::new(Scan { turn, turns: scan.turns, backwards: scan.backwards, sliced: scan.sliced });
    Some(rewriter.node(Op::Scan { scan, at }, &args, shape.to_vec(), dtype))
}

/// The turn, which is given less of some feeds and repeats them itself.
fn with_repeated(turn: &Function, repeated: &[Option<View>]) -> Function {
    let mut graph = Graph::default();
    let mut feeds = turn.feeds.clone();
    let mut new: Vec<Id> = Vec::with_capacity(turn.graph.len());
    for (feed, view) in repeated.iter().enumerate() {
        if let Some(View::Expand { axis, .. }) = view {
            feeds[feed].0.remove(*axis);
        }
    }
    for id in turn.graph.ids() {
        let node = &turn.graph[id];
        let args: Vec<Id> = node.args.iter().map(|arg| new[arg.0 as usize]).collect();
        new.push(match node.op {
            Op::Input(Slot::Feed(feed)) if let Some(view) = &repeated[feed as usize] => {
                let (shape, dtype) = &feeds[feed as usize];
                let less = graph.input(Slot::Feed(feed), shape, *dtype);
                graph.view(view.clone(), less)
            }
            ref op => graph.node(op.clone(), &args, node.shape.clone(), node.dtype),
        });
    }
    let results = turn.results.iter().map(|id| new[id.0 as usize]).collect();
    Function { graph, feeds, results, ..Function::default() }
}
