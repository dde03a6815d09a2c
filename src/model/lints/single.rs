//! Normalisation over one element: a number less its own mean is 0, and one over its own sum is 1, whatever it was.

use super::{Lowered, Scene, constant_value, fed};
use crate::model::program::{Batch, Program};
use crate::problem::Problem;
use crate::problem::lint::{LastBatch, SingleElement};
use crate::scalar::Scalar;
use crate::tensor::{Graph, Id, Op, View};

pub fn lint(scene: &Scene) -> Vec<Problem> {
    let found = constants(&scene.step);
    // With one example in a batch the batch may be all there is to average.
    let larger = match (found.is_empty(), scene.program.train.batch) {
        (false, Batch::Size(1)) => Lowered::step(&scene.program.experiment, 2).map(|it| constants(&it).len()),
        _ => None,
    };
    let by_batch = larger.is_some_and(|larger| larger < found.len());
    let mut problems: Vec<Problem> = vec![];
    for (id, value) in found {
        let (at, layer) = scene.step.place(id);
        let problem = SingleElement { layer, value, by_batch, at }.into();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

/// The last batch of an epoch, if it is a single example and that is all that a normalisation then sees.
pub fn last_batch(program: &Program, rows: usize) -> Option<Problem> {
    let Batch::Size(batch) = program.train.batch else { return None };
    if batch == 1 || rows <= batch || rows % batch != 1 {
        return None;
    }
    let (alone, many) = (Lowered::step(&program.experiment, 1)?, Lowered::step(&program.experiment, 2)?);
    let found = constants(&alone);
    if found.len() <= constants(&many).len() {
        return None;
    }
    let (layer_at, layer) = alone.place(found[0].0);
    let at = program.train.batch_at.unwrap_or(program.train.span);
    Some(LastBatch { rows, batch, layer, at, layer_at }.into())
}

/// The nodes of the model that give one number whatever they are given, and the number.
fn constants(lowered: &Lowered) -> Vec<(Id, u32)> {
    let graph = &lowered.graph;
    let (fed, same) = (fed(graph), same_elements(graph));
    let forward = lowered.forward();
    let found = forward.into_iter().filter_map(|id| {
        let args: Vec<Id> = graph[id].args.iter().map(|arg| same[arg.0 as usize]).collect();
        // A product with 1 / x is a quotient too.
        let divisor = |of: Id| {
            let node = &graph[of];
            let is_one = |at: usize| constant_value(graph, node.args[at]) == Some(1.0);
            (node.op == Op::Map(Scalar::Div) && is_one(0)).then(|| same[node.args[1].0 as usize])
        };
        let (a, b, value) = match graph[id].op {
            Op::Map(Scalar::Sub) => (args[0], Some(args[1]), 0),
            Op::Map(Scalar::Div) => (args[0], Some(args[1]), 1),
            Op::Map(Scalar::Mul) => match divisor(args[1]) {
                Some(by) => (args[0], Some(by), 1),
                None => (args[1], divisor(args[0]), 1),
            },
            _ => return None,
        };
        (fed[a.0 as usize] && b == Some(a)).then_some((id, value))
    });
    found.collect()
}

/// For each node the first one that has the same elements in the same order.
fn same_elements(graph: &Graph) -> Vec<Id> {
    let mut same: Vec<Id> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let node = &graph[id];
        let is_one = |at: usize| constant_value(graph, node.args[at]) == Some(1.0);
        let operand = match &node.op {
            Op::View(view) => is_plain(view, graph.shape(node.args[0])).then_some(0),
            Op::Fold(view) => is_plain(view, &node.shape).then_some(0),
            Op::Map(Scalar::Mul | Scalar::Div) if is_one(1) => Some(0),
            Op::Map(Scalar::Mul) if is_one(0) => Some(1),
            _ => None,
        };
        same.push(operand.map_or(id, |at| same[node.args[at].0 as usize]));
    }
    same
}

/// Whether a view of a tensor of shape `from` shows each element once, in order.
fn is_plain(view: &View, from: &[usize]) -> bool {
    match view {
        View::Reshape { .. } => true,
        View::Expand { times, .. } => *times == 1,
        View::Permute { order } => order.iter().filter(|&&axis| from[axis] > 1).is_sorted(),
        View::Slice { axis, step, len, .. } => *step == 1 && *len == from[*axis],
        View::Pad { before, after, between, .. } => before + after + between == 0,
        View::Window { axis, size, stride, .. } => *size == 1 && *stride == 1 || from[*axis] == 1,
    }
}
