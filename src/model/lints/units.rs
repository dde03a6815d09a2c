//! Units that stay equal: all weights of a layer start as one number, and nothing in an update tells its units apart.
//!
//! For each node the axes are found along which all its elements are equal, whatever the data, and the number that they are
//! where it is known (a `relu` of zeros is 0, and so is its gradient): first of what the states start as, then of what an
//! update makes of them, until that changes nothing more. It is a proof by induction over the updates of a run.

use super::{Scene, constants, fed};
use crate::model::program::StateRole;
use crate::problem::Problem;
use crate::problem::lint::EqualUnits;
use crate::tensor::{Graph, Op, Slot, View};

/// A bit for each axis along which the elements are equal.
type Equal = u32;

/// Updates after which the induction is given up.
const MOST_ROUNDS: usize = 32;

pub fn lint(scene: &Scene) -> Vec<Problem> {
    let (program, step) = (scene.program, &scene.step);
    let initial = program.initial();
    if initial.graph.ids().any(|id| initial.graph[id].shape.len() > 31) {
        return vec![];
    }
    let first_values = constants(&initial.graph, |_| None);
    let first = equal(&initial.graph, &[], &first_values);
    let start: Vec<Equal> = initial.results.iter().map(|id| first[id.0 as usize]).collect();
    let suspect = |slot: usize| {
        let state = &program.states[slot];
        let rank = state.shape.len();
        state.role == StateRole::Parameter && rank >= 2 && state.shape[rank - 1] >= 2 && start[slot] == all(rank)
    };
    if !(0..program.states.len()).any(suspect) {
        return vec![];
    }
    let mut states = start.clone();
    let mut known: Vec<Option<f64>> = initial.results.iter().map(|id| first_values[id.0 as usize]).collect();
    let mut rounds = 0;
    loop {
        let values = constants(&step.graph, |slot| known[slot as usize]);
        let nodes = equal(&step.graph, &states, &values);
        let before = (states.clone(), known.clone());
        for &(slot, id) in &step.updates {
            let (slot, id) = (slot as usize, id.0 as usize);
            states[slot] &= nodes[id];
            known[slot] = known[slot].filter(|_| known[slot] == values[id]);
        }
        if (&states, &known) == (&before.0, &before.1) {
            break;
        }
        rounds += 1;
        if rounds == MOST_ROUNDS {
            return vec![];
        }
    }
    let fed = fed(&step.graph);
    let equal = step.updates.iter().filter(|&&(slot, id)| {
        let units = program.states[slot as usize].shape.len().saturating_sub(1);
        suspect(slot as usize) && states[slot as usize] >> units & 1 == 1 && fed[id.0 as usize]
    });
    let told = equal.map(|&(slot, _)| {
        let state = &program.states[slot as usize];
        let units = *state.shape.last().expect("two axes at least");
        EqualUnits { parameter: state.path.clone(), units, at: state.span }.into()
    });
    told.collect()
}

fn all(rank: usize) -> Equal {
    (1 << rank) - 1
}

/// For each node the axes along which its elements are equal, given those of the states, and the numbers that are known.
fn equal(graph: &Graph, states: &[Equal], values: &[Option<f64>]) -> Vec<Equal> {
    let mut known: Vec<Equal> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let node = &graph[id];
        let rank = node.shape.len();
        let of = |at: usize| known[node.args[at].0 as usize];
        let shape = |at: usize| graph.shape(node.args[at]);
        let bit = |mask: Equal, axis: usize| mask >> axis & 1 == 1;
        let found = match &node.op {
            Op::Input(Slot::State(slot)) => states[*slot as usize],
            Op::Input(Slot::Feed(_) | Slot::Carry(_)) | Op::Random { .. } | Op::Scan { .. } => 0,
            Op::Input(Slot::Step) | Op::Const(_) => all(rank),
            Op::Index { axis } => all(rank) & !(1 << axis),
            Op::Order { axis } => of(0) & !(1 << axis),
            Op::Map(_) => (0..node.args.len()).fold(all(rank), |both, at| both & of(at)),
            Op::View(view) => seen(of(0), view, shape(0), &node.shape),
            Op::Fold(view) => added(of(0), view, shape(0), &node.shape),
            Op::Contract { a, b, out } => collect(rank, |axis| {
                let along = |labels: &[u8], mask: Equal| {
                    labels.iter().position(|it| *it == out[axis]).is_none_or(|at| bit(mask, at))
                };
                along(a, of(0)) && along(b, of(1))
            }),
            Op::Max { axis } => collect(rank, |at| bit(of(0), at + usize::from(at >= *axis))),
            Op::Gather { axis, batch } => {
                let indexed = shape(1).len() - batch;
                collect(rank, |at| {
                    if at < *batch {
                        bit(of(0), at) && bit(of(1), at)
                    } else if at < *axis {
                        bit(of(0), at)
                    } else if at < axis + indexed {
                        bit(of(0), *axis) || bit(of(1), batch + at - axis)
                    } else {
                        bit(of(0), at + 1 - indexed)
                    }
                })
            }
            Op::ScatterAdd { axis, batch } => {
                let indexed = shape(1).len() - batch;
                collect(rank, |at| {
                    if at < *batch {
                        bit(of(0), at) && bit(of(1), at)
                    } else if at < *axis {
                        bit(of(0), at)
                    } else {
                        at > *axis && bit(of(0), at + indexed - 1)
                    }
                })
            }
        };
        let alone = collect(rank, |axis| node.shape[axis] <= 1);
        known.push(if values[id.0 as usize].is_some() { all(rank) } else { found | alone });
    }
    known
}

fn collect(rank: usize, holds: impl Fn(usize) -> bool) -> Equal {
    (0..rank).filter(|&axis| holds(axis)).fold(0, |mask, axis| mask | 1 << axis)
}

/// Through a view.
fn seen(mask: Equal, view: &View, from: &[usize], to: &[usize]) -> Equal {
    let bit = |axis: usize| mask >> axis & 1 == 1;
    collect(to.len(), |at| match view {
        View::Expand { axis, .. } => at == *axis || bit(at - usize::from(at > *axis)),
        View::Permute { order } => bit(order[at]),
        View::Slice { .. } => bit(at),
        View::Pad { axis, before, after, between } => bit(at) && (at != *axis || before + after + between == 0),
        View::Window { axis, .. } => bit(at - usize::from(at > *axis)),
        View::Reshape { .. } => regrouped(mask, from, to, at),
    })
}

/// Through the adjoint of a view: `from` is the shape that the view has, `to` the one that it looks at.
fn added(mask: Equal, view: &View, from: &[usize], to: &[usize]) -> Equal {
    let bit = |axis: usize| mask >> axis & 1 == 1;
    collect(to.len(), |at| match view {
        View::Expand { axis, .. } => bit(at + usize::from(at >= *axis)),
        View::Permute { order } => order.iter().position(|&it| it == at).is_some_and(bit),
        View::Slice { axis, .. } => bit(at) && (at != *axis || from[at] == to[at]),
        View::Pad { .. } => bit(at),
        View::Window { axis, .. } => at != *axis && bit(at + usize::from(at > *axis)),
        View::Reshape { .. } => regrouped(mask, from, to, at),
    })
}

/// Whether the elements are equal along the axis `at` of `to`, which has the elements of `from` in the same order: where
/// they are along all axes that it is cut from.
fn regrouped(mask: Equal, from: &[usize], to: &[usize], at: usize) -> bool {
    let (mut left, mut right) = (0, 0);
    while right < to.len() {
        // The smallest next groups of axes with as many places.
        let (start, first) = (left, right);
        let (mut have, mut want) = (1, to[right]);
        right += 1;
        while have != want {
            if have < want && left < from.len() {
                have *= from[left];
                left += 1;
            } else if have > want && right < to.len() {
                want *= to[right];
                right += 1;
            } else {
                return false;
            }
        }
        if (first..right).contains(&at) {
            return (start..left).all(|axis| mask >> axis & 1 == 1 || from[axis] == 1);
        }
    }
    false
}
