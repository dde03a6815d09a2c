//! Which values get memory of their own, and which are computed again wherever they are read.
//!
//! The policy. Reductions, contractions, scatterings and orders are always stored, and so is what a function returns.
//! A value that is read in one place only is computed there, unless it is dear and would be computed more often than it
//! has elements. A value that is read in several places is computed in each of them if that costs next to nothing:
//! constants, indices, views, and a cheap scalar of one value that is in memory anyway. All else is stored.

use super::build::looped;
use super::trace::{chain, moves, reduces};
use crate::scalar::Scalar;
use crate::tensor::{Function, Graph, Id, Op, Slot};

/// A value of so many operations is computed again however often an expansion or a window repeats it.
const CHEAP: usize = 2;

/// The most operations that are spent again for each element of a value that is repeated, rather than storing it.
const FEW: usize = 16;

/// The most operations that are spent again rather than writing a value beside the one that it is made of.
const AGAIN: usize = 6;

/// What has so many times fewer elements than a value costs nothing to read beside it.
const SMALL: usize = 64;

/// What is stored says what it costs to compute a value, and that what is stored.
const ROUNDS: usize = 2;

/// The most operations of one body; what is longer is cut.
const LONG: usize = 400;

/// Who reads a value that is not stored, as far as it matters.
#[derive(Clone, Copy, PartialEq)]
enum Readers {
    None,
    One(Id),
    Many,
}

impl Readers {
    fn and(self, other: Readers) -> Readers {
        match (self, other) {
            (Readers::None, readers) | (readers, Readers::None) => readers,
            (Readers::One(a), Readers::One(b)) if a == b => self,
            _ => Readers::Many,
        }
    }
}

/// Which nodes a step keeps in memory: by node, inputs among them.
pub fn stored(function: &Function) -> Vec<bool> {
    let graph = &function.graph;
    let live = live(function);
    let forced = forced(function, &live);
    let mut stored = forced.clone();
    for _ in 0..ROUNDS {
        let costs = costs(graph, &mut stored, usize::MAX);
        stored = chosen(graph, &live, forced.clone(), &costs);
    }
    costs(graph, &mut stored, LONG);
    again_beside(graph, &live, &forced, &mut stored);
    while let blocked @ [_, ..] = &blocked(graph, &live, &stored)[..] {
        blocked.iter().for_each(|id| stored[id.0 as usize] = true);
    }
    stored
}

/// Which nodes are stored, those that are `stored` in any case among them, where it takes so many operations to compute each.
fn chosen(graph: &Graph, live: &[bool], mut stored: Vec<bool>, costs: &[usize]) -> Vec<bool> {
    let mut readers = vec![Readers::None; graph.len()];
    for id in graph.ids().rev().filter(|&id| live[id.0 as usize]) {
        let at = id.0 as usize;
        stored[at] |= match readers[at] {
            Readers::None => false,
            // A reduction that is not stored whatever it costs is part of the one that reads it.
            Readers::One(_) if reduces(graph, id).is_some() => false,
            Readers::One(reader) => {
                let times = points(graph, &stored, reader);
                let again = times.saturating_sub(graph[id].size()) * costs[at];
                costs[at] > CHEAP && again > FEW * graph[id].size() && !moves(graph, id)
            }
            Readers::Many => !again(graph, &stored, id),
        };
        let mine = if stored[at] { Readers::One(id) } else { readers[at] };
        for arg in &graph[id].args {
            let arg = arg.0 as usize;
            readers[arg] = readers[arg].and(mine);
        }
    }
    stored
}

/// Whether a value with several readers is computed again by each of them.
fn again(graph: &Graph, stored: &[bool], id: Id) -> bool {
    let at_hand = |arg: &Id| stored[source(graph, stored, *arg).0 as usize];
    match &graph[id].op {
        Op::Const(_) | Op::Index { .. } | Op::Input(_) | Op::View(_) => true,
        Op::Fold(_) => moves(graph, id),
        Op::Map(scalar) => {
            let args = graph[id].args.iter().filter(|arg| !matches!(graph[**arg].op, Op::Const(_)));
            let large =
                args.clone().filter(|arg| graph[source(graph, stored, **arg)].size() * SMALL > graph[id].size());
            scalar_cost(*scalar) <= 1 && args.clone().all(at_hand) && large.count() <= 1
        }
        _ => false,
    }
}

/// Computes again, wherever they are read, values that take few operations on one value that is in memory, and on others that
/// have next to no elements and are kept: reading the one costs what reading the value itself would, and it need not be written.
fn again_beside(graph: &Graph, live: &[bool], forced: &[bool], stored: &mut [bool]) {
    // For each node that is not stored: its operations, and the one large value that they need.
    let mut cheap: Vec<Option<(usize, Option<Id>)>> = vec![None; graph.len()];
    for id in graph.ids().filter(|id| live[id.0 as usize] && !forced[id.0 as usize]) {
        let at = id.0 as usize;
        let Op::Map(scalar) = graph[id].op else { continue };
        let (mut operations, mut large) = (again_cost(scalar), None);
        let (mut small, mut is_cheap) = (vec![], true);
        for &arg in &graph[id].args {
            let from = source(graph, stored, arg);
            let within = match &graph[from].op {
                Op::Const(_) | Op::Index { .. } => Some((0, None)),
                _ if graph[from].size() * SMALL <= graph[id].size() => {
                    small.push(from);
                    Some((0, None))
                }
                _ if stored[from.0 as usize] => Some((0, Some(from))),
                _ if from == arg => cheap[from.0 as usize],
                _ => None,
            };
            match within {
                Some((more, of)) => {
                    operations += more;
                    is_cheap &= of.is_none() || large.is_none() || large == of;
                    large = large.or(of);
                }
                None => is_cheap = false,
            }
        }
        let kept = |id: &Id| stored[id.0 as usize] || matches!(graph[*id].op, Op::Map(_));
        if !is_cheap || operations > AGAIN || large.is_none() || !small.iter().all(kept) {
            continue;
        }
        small.iter().for_each(|id| stored[id.0 as usize] = true);
        stored[at] = false;
        cheap[at] = Some((operations, large));
    }
}

/// What an operation costs that is done again: a division takes several times as long as others.
fn again_cost(scalar: Scalar) -> usize {
    match scalar {
        Scalar::Div | Scalar::Sqrt => 3,
        scalar => scalar_cost(scalar),
    }
}

/// What a node shows the elements of.
fn source(graph: &Graph, stored: &[bool], mut id: Id) -> Id {
    while moves(graph, id) && !stored[id.0 as usize] {
        id = graph[id].args[0];
    }
    id
}

/// Which nodes the results and the updates need.
pub fn live(function: &Function) -> Vec<bool> {
    let graph = &function.graph;
    let mut live = vec![false; graph.len()];
    for id in function.results.iter().chain(function.updates.iter().map(|(_, id)| id)) {
        live[id.0 as usize] = true;
    }
    for id in graph.ids().rev() {
        if live[id.0 as usize] {
            graph[id].args.iter().for_each(|arg| live[arg.0 as usize] = true);
        }
    }
    live
}

/// The nodes that are stored whatever it costs.
fn forced(function: &Function, live: &[bool]) -> Vec<bool> {
    let graph = &function.graph;
    let mut forced = vec![false; graph.len()];
    for id in function.results.iter().chain(function.updates.iter().map(|(_, id)| id)) {
        forced[id.0 as usize] = true;
    }
    let mut users: Vec<Vec<Id>> = vec![Vec::new(); graph.len()];
    for id in graph.ids().filter(|id| live[id.0 as usize]) {
        graph[id].args.iter().for_each(|arg| users[arg.0 as usize].push(id));
    }
    for id in graph.ids().filter(|id| live[id.0 as usize]) {
        let node = &graph[id];
        match node.op {
            Op::Input(Slot::State(_) | Slot::Feed(_)) | Op::Contract { .. } | Op::ScatterAdd { .. } => {
                forced[id.0 as usize] = true;
            }
            Op::Order { .. } => {
                forced[id.0 as usize] = true;
                forced[node.args[0].0 as usize] = true;
            }
            Op::Scan { .. } => {
                forced[id.0 as usize] = true;
                node.args.iter().for_each(|arg| forced[arg.0 as usize] = true);
            }
            _ if reduces(graph, id).is_some() => {
                // A reduction of nothing but a reduction of its sort becomes part of it.
                let inner = matches!(users[id.0 as usize][..], [user] if reduces(graph, user) == reduces(graph, id));
                forced[id.0 as usize] |= !inner;
            }
            _ => {}
        }
    }
    forced
}

/// The operations that it takes to compute one element from what is stored, by node. What takes more than `most` is stored.
fn costs(graph: &Graph, stored: &mut [bool], most: usize) -> Vec<usize> {
    let mut costs: Vec<usize> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let node = &graph[id];
        let args = || node.args.iter().map(|arg| if stored[arg.0 as usize] { 0 } else { costs[arg.0 as usize] }).sum();
        let cost = match node.op {
            Op::Input(_) | Op::Const(_) | Op::Index { .. } => 0,
            Op::Map(scalar) => scalar_cost(scalar) + args(),
            Op::Random { .. } => 40,
            _ => args(),
        };
        // A reduction that is not stored is part of the one that reads it.
        stored[id.0 as usize] |= cost > most && reduces(graph, id).is_none();
        costs.push(cost.min(LONG * LONG));
    }
    costs
}

fn scalar_cost(scalar: Scalar) -> usize {
    // What is not correctly rounded is a polynomial.
    if scalar.def().ulp > 0.0 { 20 } else { 1 }
}

/// How often a stored node evaluates what it reads.
fn points(graph: &Graph, stored: &[bool], id: Id) -> usize {
    match graph[id].op {
        Op::ScatterAdd { .. } => graph[graph[id].args[0]].size(),
        _ if reduces(graph, id).is_some() => graph[chain(graph, stored, id).operand].size(),
        _ => graph[id].size(),
    }
}

/// Nodes that have to be stored because some kernel cannot reach them otherwise.
fn blocked(graph: &Graph, live: &[bool], stored: &[bool]) -> Vec<Id> {
    let is_scan = |id: &Id| matches!(graph[*id].op, Op::Scan { .. });
    let roots = graph.ids().filter(|id| live[id.0 as usize] && stored[id.0 as usize] && !is_scan(id));
    roots.filter_map(|root| looped(graph, stored, root).err()).flatten().collect()
}
