//! Factors of products that are copied first: those whose elements along the last axis of the result lie apart in memory,
//! where a product reads each of them often enough.

use super::fuse::live;
use super::trace::moves;
use crate::tensor::{Axes, Function, Graph, Id, Op};

/// A copy pays where each of its elements is read so often.
const READS: usize = 8;

/// Products with fewer terms are over before a copy would be.
const TERMS: usize = 2048;

/// The same function, where such a factor is seen through a view that has the last axis of the result last. Once that view is
/// stored, the factor is a row of neighbours.
pub fn turned(function: &Function) -> Function {
    let needed = live(function);
    let mut graph = Graph::default();
    let mut new: Vec<Option<Id>> = vec![None; function.graph.len()];
    let find = |new: &[Option<Id>], id: Id| new[id.0 as usize].expect("operands come first");
    for id in function.graph.ids().filter(|id| needed[id.0 as usize]) {
        let node = &function.graph[id];
        let mut args: Vec<Id> = node.args.iter().map(|&arg| find(&new, arg)).collect();
        let mut op = node.op.clone();
        if let Op::Contract { a, b, out } = &mut op {
            for (labels, arg) in [a, b].into_iter().zip(&mut args) {
                let Some(&last) = out.last() else { continue };
                if pays(&graph, &node.shape, labels, out, *arg) && labels.last() != Some(&last) {
                    let place = labels.iter().position(|&label| label == last).expect("a label of this factor");
                    let order: Vec<usize> = (0..labels.len()).filter(|&at| at != place).chain([place]).collect();
                    *labels = order.iter().map(|&at| labels[at]).collect();
                    *arg = graph.permute(*arg, &order);
                }
            }
        }
        new[id.0 as usize] = Some(graph.node(op, &args, node.shape.clone(), node.dtype));
    }
    Function {
        graph,
        states: function.states.clone(),
        feeds: function.feeds.clone(),
        results: function.results.iter().map(|&id| find(&new, id)).collect(),
        updates: function.updates.iter().map(|&(state, id)| (state, find(&new, id))).collect(),
    }
}

/// Whether a copy of a factor pays that does not lie in rows of its own. `shape` and `out` are those of the product.
pub fn pays(graph: &Graph, shape: &[usize], labels: &Axes, out: &Axes, factor: Id) -> bool {
    let Some(last) = out.last().filter(|last| labels.contains(last)) else { return false };
    let extent = |label: u8| graph.shape(factor)[labels.iter().position(|&it| it == label).expect("one of its labels")];
    let summed = labels.iter().filter(|label| !out.contains(label)).map(|&label| extent(label)).product::<usize>();
    let points: usize = shape.iter().product();
    let size = graph[factor].size();
    let mut base = factor;
    while moves(graph, base) {
        base = graph[base].args[0];
    }
    // A row of one element is a row however it lies; and windows that overlap would take much memory.
    extent(*last) > 1 && size <= 2 * graph[base].size() && points * summed >= TERMS.max(READS * size)
}
