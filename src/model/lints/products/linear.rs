//! Layers in a row that together are one: matrices, and convolutions, with nothing but linear formulas between them.

use super::{Product, before};
use crate::model::lints::{Lowered, Scene, fed};
use crate::problem::Problem;
use crate::problem::lint::{LinearConvolutions, LinearLayers};
use crate::scalar::Scalar;
use crate::tensor::{Graph, Id, Op, Slot};

pub fn lint(scene: &Scene, all: &[Product]) -> Vec<Problem> {
    let lowered = &scene.predicting;
    let mut problems = vec![];
    for row in rows(lowered, all) {
        let [first, .., last] = &row[..] else { continue };
        let [(at, _), (next_at, _)] = [first, last].map(|it| lowered.place(all[*it].at));
        let layers = row.len();
        let convolutions = row.iter().filter(|it| all[**it].is_convolution()).count();
        let model = scene.program.model.clone();
        problems.push(match convolutions {
            0 => LinearLayers { model, layers, at, next_at }.into(),
            _ => {
                let one = if convolutions == layers { "one convolution with a larger kernel" } else { "one layer" };
                LinearConvolutions { model, layers, one, at, next_at }.into()
            }
        });
    }
    problems
}

/// What a value is made of.
#[derive(Clone, Copy, PartialEq)]
enum Made {
    /// Of constants alone.
    Constant,
    /// Of weights, and constants.
    Fixed,
    /// Of an example. Since its last non-linearity this was the last product, if there was one.
    Example(Option<usize>),
}

/// The products that follow each other where one would do: nothing but linear formulas between them, and no bottleneck
/// that makes the pair say less than one could. As long as they come, none a part of another.
fn rows(lowered: &Lowered, all: &[Product]) -> Vec<Vec<usize>> {
    const FRESH: Made = Made::Example(None);
    let graph = &lowered.graph;
    let fed = fed(graph);
    let forward = lowered.forward();
    let mut readers = vec![0; graph.len()];
    forward.iter().flat_map(|id| &graph[*id].args).chain(&lowered.outputs).for_each(|id| readers[id.0 as usize] += 1);
    let mut sums = vec![None; graph.len()];
    all.iter().enumerate().for_each(|(at, it)| sums[it.sum.0 as usize] = Some(at));
    let mut made = vec![Made::Constant; graph.len()];
    let mut rows: Vec<Vec<usize>> = vec![];
    for id in forward {
        let node = &graph[id];
        let of = |id: Id| made[id.0 as usize];
        let examples: Vec<Option<usize>> = node
            .args
            .iter()
            .filter_map(|&arg| match of(arg) {
                Made::Example(last) => Some(last),
                Made::Constant | Made::Fixed => None,
            })
            .collect();
        let value = match &node.op {
            _ if let Some(at) = sums[id.0 as usize] => {
                let before = match of(all[at].example) {
                    Made::Example(Some(before)) if repeats(graph, &fed, &all[before], &all[at]) => rows[before].clone(),
                    _ => vec![],
                };
                rows.push([before, vec![at]].concat());
                // Groups, and steps between the places, say on purpose what no plain layer says.
                if all[at].is_grouped() || all[at].is_spread() { FRESH } else { Made::Example(Some(at)) }
            }
            Op::Input(Slot::Feed(_)) => FRESH,
            Op::Input(_) => Made::Fixed,
            Op::Const(_) | Op::Index { .. } | Op::Random { .. } => Made::Constant,
            _ if node.args.iter().all(|&arg| of(arg) == Made::Constant) => Made::Constant,
            _ if examples.is_empty() => Made::Fixed,
            Op::View(_) | Op::Fold(_) | Op::Map(Scalar::Neg) => Made::Example(examples[0]),
            Op::Map(Scalar::Mul) if examples.len() == 1 => Made::Example(examples[0]),
            Op::Map(Scalar::Div) if !matches!(of(node.args[1]), Made::Example(_)) => Made::Example(examples[0]),
            Op::Contract { .. } if node.args.iter().any(|&arg| of(arg) == Made::Constant) => Made::Example(examples[0]),
            Op::Map(Scalar::Add | Scalar::Sub) => Made::Example(joined(all, &rows, &examples)),
            Op::Map(_) | Op::Contract { .. } | Op::Max { .. } | Op::Gather { .. } | Op::ScatterAdd { .. } => FRESH,
            Op::Order { .. } | Op::Scan { .. } => FRESH,
        };
        // What is read in several places is not there for the next layer alone.
        let shared = readers[id.0 as usize] > 1 && matches!(value, Made::Example(_));
        made[id.0 as usize] = if shared { FRESH } else { value };
    }
    let inner: Vec<usize> = rows.iter().filter_map(|row| row.iter().rev().nth(1)).copied().collect();
    rows.retain(|row| row.last().is_some_and(|last| !inner.contains(last)));
    rows
}

/// The last product of ways that are added. Beside a way that is no product, another is not one layer with what follows;
/// and convolutions of several images are not one convolution.
fn joined(all: &[Product], rows: &[Vec<usize>], ways: &[Option<usize>]) -> Option<usize> {
    if let [one] = ways {
        return *one;
    }
    let ways: Option<Vec<usize>> = ways.iter().copied().collect();
    let plain = ways.filter(|ways| ways.iter().all(|&it| !all[it].is_convolution()))?;
    plain.into_iter().min_by_key(|&it| rows[it].len())
}

/// Whether `second`, which sees a linear function of `first` alone, says with it no more than one layer could.
fn repeats(graph: &Graph, fed: &[bool], first: &Product, second: &Product) -> bool {
    if second.is_grouped() || second.is_spread() {
        return false;
    }
    let along = |wanted: &dyn Fn(usize) -> bool| {
        second.windows().any(|window| axis_in(graph, fed, (window.image, window.axis), first.sum).is_some_and(wanted))
    };
    let (entering, inner) = (first.entering(graph), second.entering(graph));
    let outer = graph[second.sum].size();
    match (first.is_convolution(), second.is_convolution()) {
        (false, false) => inner >= entering.min(outer),
        // A kernel of one place behind a larger one, or a matrix behind all places.
        (true, false) if first.places() == second.places() => inner >= first.seen().min(outer),
        (true, false) => inner >= entering.min(outer),
        // A larger kernel behind one of one place.
        (false, true) => along(&|axis| first.is_place(axis)) && inner >= entering.min(outer * second.kernel()),
        // Kernels along different axes say together what neither can.
        (true, true) => along(&|axis| first.window_along(axis).is_some()) && inner >= entering.min(outer),
    }
}

/// The axis of `to` that runs along with an axis of what is made of it.
fn axis_in(graph: &Graph, fed: &[bool], from: (Id, usize), to: Id) -> Option<usize> {
    let (mut at, mut axis) = from;
    while at != to {
        (at, axis) = before(graph, fed, at, axis)?;
    }
    Some(axis)
}
