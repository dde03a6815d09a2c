//! Reverse-mode differentiation, from graph to graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Graph, Id, Op, Scan, View, rows, scan};
use crate::scalar::{Dtype, Scalar};

/// What is known of the gradient of a node while it is added up.
#[derive(Clone, Copy)]
struct Partial {
    dy: Id,
    taken: Option<Taken>,
}

/// Where a node is seen.
#[derive(Clone, Copy, PartialEq)]
struct Taken {
    /// A bool: where it does not hold, the gradient is zero, because the node is seen only through the branch of a
    /// selection that is not taken there. Its own derivative may be infinite or no number at such a place, and must not
    /// be multiplied with that zero.
    at: Id,
    /// Whether the node is seen through a sum, and nothing else but views.
    summed: bool,
}

/// Extends `graph` with the gradient of the scalar `loss`, and returns it for each of `wanted`: a zero of its shape where
/// the loss does not depend on it.
pub fn grad(graph: &mut Graph, loss: Id, wanted: &[Id]) -> Vec<Id> {
    assert!(graph.shape(loss).is_empty(), "the gradient of a scalar");
    let leads = leads_to(graph, wanted);
    let one = graph.constant(1.0, &[]);
    let mut grads = BTreeMap::from([(loss, Partial { dy: one, taken: None })]);
    // Users come after their operands, so by the time a node is met here all of its gradient has been added up.
    for id in graph.ids().take(leads.len()).rev() {
        if let Op::Scan { scan, .. } = &graph[id].op {
            let scan = scan.clone();
            for (arg, dx) in pull_back_scan(graph, &scan, id, &grads) {
                if leads[arg.0 as usize] {
                    let total = grads.get(&arg).map_or(dx, |&so_far| sum(graph, so_far, dx));
                    grads.insert(arg, total);
                }
            }
            continue;
        }
        let Some(&partial) = grads.get(&id) else { continue };
        let args = graph[id].args.clone();
        for (at, &arg) in args.iter().enumerate() {
            if !leads[arg.0 as usize] || graph[arg].dtype != Dtype::F32 {
                continue;
            }
            let Some(dx) = pull_back(graph, id, partial.dy, at) else { continue };
            let dx = guard(graph, id, partial.taken, at, dx);
            let total = match grads.get(&arg) {
                Some(&so_far) => sum(graph, so_far, dx),
                None => dx,
            };
            grads.insert(arg, total);
        }
    }
    let zero = |graph: &mut Graph, id: Id| graph.constant(0.0, &graph[id].shape.clone());
    wanted.iter().map(|&id| grads.get(&id).map_or_else(|| zero(graph, id), |partial| partial.dy)).collect()
}

fn sum(graph: &mut Graph, a: Partial, b: Partial) -> Partial {
    let dy = graph.map(Scalar::Add, &[a.dy, b.dy]);
    let either = |graph: &mut Graph, a: Taken, b: Taken| Taken {
        at: if a.at == b.at { a.at } else { graph.map(Scalar::Or, &[a.at, b.at]) },
        summed: a.summed && b.summed,
    };
    let taken = a.taken.zip(b.taken).map(|(a, b)| either(graph, a, b));
    Partial { dy, taken }
}

/// What is known of `dx`, the gradient of operand `at` of `y`, where that of `y` is zero unless `taken`. Through maps, and
/// views that show every place once, it is zero at the same places; there it is set to zero if it has been multiplied
/// with anything.
fn guard(graph: &mut Graph, y: Id, taken: Option<Taken>, at: usize, dx: Id) -> Partial {
    let node = graph[y].clone();
    // Products that are summed over are a contraction, whether or not somebody has seen that yet, and the gradient of one is
    // another: it stays a product of what it was.
    let taken = taken.filter(|taken| !(taken.summed && matches!(node.op, Op::Map(Scalar::Mul))));
    let summed = match &node.op {
        Op::Fold(View::Expand { .. }) => true,
        Op::View(View::Permute { .. } | View::Reshape { .. }) => taken.is_some_and(|taken| taken.summed),
        _ => false,
    };
    let taken = match (node.op, taken.map(|taken| taken.at)) {
        (Op::Map(Scalar::Select), outer) => {
            let inner = match at {
                1 => node.args[0],
                _ => graph.map(Scalar::Not, &[node.args[0]]),
            };
            Some(outer.map_or(inner, |outer| graph.map(Scalar::And, &[outer, inner])))
        }
        (Op::Map(scalar), Some(taken)) => {
            let def = scalar.def();
            let formula = rows::term(def.grad[at]);
            let constant = |name: &str| {
                let operand = def.operands.iter().position(|it| *it == name);
                operand.is_some_and(|at| matches!(graph[node.args[at]].op, Op::Const(_)))
            };
            if formula.names().into_iter().all(|name| name == "dy" || constant(name)) {
                Some(taken)
            } else {
                let zero = graph.constant(0.0, &node.shape);
                let dx = graph.map(Scalar::Select, &[taken, dx, zero]);
                return Partial { dy: dx, taken: Some(Taken { at: taken, summed: false }) };
            }
        }
        (Op::View(View::Permute { order }), Some(taken)) => Some(graph.permute(taken, &inverse(&order))),
        (Op::View(View::Reshape { .. }), Some(taken)) => {
            let shape = graph.shape(node.args[0]).to_vec();
            Some(graph.reshape(taken, &shape))
        }
        (Op::Fold(view), Some(taken)) => Some(graph.view(view, taken)),
        _ => None,
    };
    Partial { dy: dx, taken: taken.map(|at| Taken { at, summed }) }
}

/// The order that undoes `order`.
pub(super) fn inverse(order: &[usize]) -> Vec<usize> {
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
    back
}

/// For each node, whether one of `wanted` is among what it is made of: nothing else needs a gradient.
fn leads_to(graph: &Graph, wanted: &[Id]) -> Vec<bool> {
    let mut leads = vec![false; graph.len()];
    wanted.iter().for_each(|id| leads[id.0 as usize] = true);
    for id in graph.ids() {
        leads[id.0 as usize] |= graph[id].args.iter().any(|arg| leads[arg.0 as usize]);
    }
    leads
}

/// The gradients of the operands of a recurrence, given those of all of its results, of which `id` is one. They are
/// complete at the first of these; the others give nothing.
fn pull_back_scan(graph: &mut Graph, scan: &Arc<Scan>, id: Id, grads: &BTreeMap<Id, Partial>) -> Vec<(Id, Partial)> {
    let args = graph[id].args.clone();
    let known = graph.results_of(scan, &args);
    let dys: Vec<Option<Id>> = known.iter().map(|id| grads.get(&(*id)?).map(|partial| partial.dy)).collect();
    if known.iter().flatten().min() != Some(&id) || dys.iter().all(Option::is_none) {
        return vec![];
    }
    let found = scan::pull_back(graph, scan, &args, &dys);
    let found = args.into_iter().zip(found);
    found.filter_map(|(arg, dx)| dx.map(|dy| (arg, Partial { dy, taken: None }))).collect()
}

/// The gradient of operand `at` of `y`, given the gradient `dy` of `y`. `None` where there is none.
fn pull_back(graph: &mut Graph, y: Id, dy: Id, at: usize) -> Option<Id> {
    let node = graph[y].clone();
    match node.op {
        Op::Input(_) | Op::Const(_) | Op::Index { .. } | Op::Random { .. } | Op::Order { .. } => None,
        Op::Map(scalar) => {
            let def = scalar.def();
            let formula = def.grad.get(at).filter(|text| !text.is_empty())?;
            let mut scope: Vec<(&str, Id)> = def.operands.iter().copied().zip(node.args).collect();
            scope.extend([("y", y), ("dy", dy)]);
            Some(rows::build(graph, formula, &scope, &node.shape))
        }
        Op::View(view) => {
            let shape = graph.shape(node.args[0]).to_vec();
            Some(graph.fold(view, dy, &shape))
        }
        Op::Fold(view) => Some(graph.view(view, dy)),
        // A contraction is bilinear, so each gradient is again a contraction, with the labels of the operand and of the
        // result exchanged.
        Op::Contract { a, b, out } => Some(match at {
            0 => graph.contract_axes(&out, &b, &a, dy, node.args[1]),
            _ => graph.contract_axes(&out, &a, &b, dy, node.args[0]),
        }),
        // All of it goes to the first of the largest elements. The first is where the place is least; of an i32 the
        // least is the largest negative.
        Op::Max { axis } => {
            let x = node.args[0];
            let shape = graph.shape(x).to_vec();
            let largest = graph.expand(y, axis, shape[axis]);
            let is_largest = graph.map(Scalar::Equal, &[x, largest]);
            let place = graph.index(axis, &shape);
            let back = graph.map(Scalar::Neg, &[place]);
            let nowhere = graph.integer(i32::MIN, &shape);
            let candidates = graph.map(Scalar::Select, &[is_largest, back, nowhere]);
            let first = graph.max(candidates, axis);
            let first = graph.expand(first, axis, shape[axis]);
            let chosen = graph.map(Scalar::Equal, &[back, first]);
            let spread = graph.expand(dy, axis, shape[axis]);
            let zero = graph.constant(0.0, &shape);
            Some(graph.map(Scalar::Select, &[chosen, spread, zero]))
        }
        Op::Gather { axis, batch } => {
            let shape = graph.shape(node.args[0]).to_vec();
            Some(graph.scatter_add(dy, node.args[1], axis, batch, &shape))
        }
        Op::ScatterAdd { axis, batch } => Some(graph.gather(dy, node.args[1], axis, batch)),
        Op::Scan { .. } => unreachable!("all results of a recurrence are pulled back together"),
    }
}
