//! Parameters that what follows takes away again: a bias before a normalisation over the batch, whose mean moves with it.
//!
//! A parameter is followed as long as it is added to what it meets, so many times, along one axis. Where a difference
//! brings the number of times to zero, it is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::{Scene, constant_value};
use crate::model::program::StateRole;
use crate::problem::Problem;
use crate::problem::lint::CancelledParameter;
use crate::scalar::Scalar;
use crate::tensor::{Graph, Id, Op, Slot, View};

/// How much of a number may be lost to rounding before it is zero.
const ROUNDING: f64 = 1e-5;

pub fn lint(scene: &Scene) -> Vec<Problem> {
    let (program, step) = (scene.program, &scene.step);
    let graph = &step.graph;
    let Some(loss) = step.loss else { return vec![] };
    let mut readers: Vec<Vec<Id>> = vec![vec![]; graph.len()];
    for id in graph.needed([loss].into_iter()) {
        graph[id].args.iter().for_each(|arg| readers[arg.0 as usize].push(id));
    }
    let moving = step.updates.iter().map(|&(slot, _)| slot);
    let mut found: Vec<Problem> = vec![];
    for slot in moving {
        let state = &program.states[slot as usize];
        if state.role != StateRole::Parameter || state.shape.len() > 1 {
            continue;
        }
        let Some(door) = graph.find(Op::Input(Slot::State(slot)), &[], &state.shape, crate::tensor::Dtype::F32) else {
            continue;
        };
        if let Some(by) = canceller(graph, &readers, door, loss) {
            let (by_at, by) = step.place(by);
            found.push(CancelledParameter { parameter: state.path.clone(), by, at: state.span, by_at }.into());
        }
    }
    found
}

/// What is known of how a parameter enters a node.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Shift {
    /// Not at all.
    None,
    /// Added so many times, its own axis along this one.
    Along { axis: Option<usize>, times: f64 },
    /// In another way.
    Other,
}

/// The first node in which the parameter behind `door` is gone, if it is gone on every way to the loss.
fn canceller(graph: &Graph, readers: &[Vec<Id>], door: Id, loss: Id) -> Option<Id> {
    let axis = (!graph.shape(door).is_empty()).then_some(0);
    let mut known = BTreeMap::from([(door, Shift::Along { axis, times: 1.0 })]);
    let mut open: BTreeSet<Id> = readers[door.0 as usize].iter().copied().collect();
    let mut gone = None;
    while let Some(id) = open.pop_first() {
        let shift = shift(graph, id, |arg| known.get(&arg).copied().unwrap_or(Shift::None));
        match shift {
            Shift::None => gone = gone.or(Some(id)),
            Shift::Other => return None,
            Shift::Along { .. } if id == loss => return None,
            Shift::Along { .. } => open.extend(&readers[id.0 as usize]),
        }
        known.insert(id, shift);
    }
    gone
}

fn shift(graph: &Graph, id: Id, of: impl Fn(Id) -> Shift) -> Shift {
    let node = &graph[id];
    let args: Vec<Shift> = node.args.iter().map(|&arg| of(arg)).collect();
    if args.iter().all(|it| *it == Shift::None) {
        return Shift::None;
    }
    if args.contains(&Shift::Other) {
        return Shift::Other;
    }
    let scaled = |shift: Shift, by: f64| match shift {
        Shift::Along { axis, times } => settled(axis, times * by),
        other => other,
    };
    let value = |at: usize| constant_value(graph, node.args[at]).map(f64::from);
    let moved = |shift: Shift, to: &dyn Fn(usize) -> Option<usize>| match shift {
        Shift::Along { axis: None, times } => Shift::Along { axis: None, times },
        Shift::Along { axis: Some(axis), times } => {
            to(axis).map_or(Shift::Other, |axis| Shift::Along { axis: Some(axis), times })
        }
        other => other,
    };
    let from = node.args.first().map_or(&[][..], |&arg| graph.shape(arg));
    match &node.op {
        Op::Map(Scalar::Add) => sum(args[0], args[1]),
        Op::Map(Scalar::Sub) => sum(args[0], scaled(args[1], -1.0)),
        Op::Map(Scalar::Neg) => scaled(args[0], -1.0),
        Op::Map(Scalar::StopGradient) => args[0],
        Op::Map(Scalar::Mul) => match (value(0), value(1)) {
            (Some(value), _) => scaled(args[1], value),
            (_, Some(value)) => scaled(args[0], value),
            _ => Shift::Other,
        },
        Op::Map(Scalar::Div) => value(1).map_or(Shift::Other, |value| scaled(args[0], 1.0 / value)),
        Op::Map(Scalar::Min | Scalar::Max) if args[0] == args[1] => args[0],
        // Both sides of a comparison moved by the same compare as before.
        Op::Map(Scalar::Less | Scalar::LessEqual | Scalar::Equal) if args[0] == args[1] => Shift::None,
        Op::Map(Scalar::Select) if args[0] == Shift::None && args[1] == args[2] => args[1],
        Op::View(View::Pad { before: 0, after: 0, between: 0, .. }) => args[0],
        Op::View(View::Pad { .. }) => Shift::Other,
        Op::View(view) => moved(args[0], &|axis| view.ahead(axis, from)),
        Op::Fold(View::Expand { axis: lost, times }) => {
            let less = moved(args[0], &|axis| (axis != *lost).then(|| axis - usize::from(axis > *lost)));
            scaled(less, *times as f64)
        }
        Op::Fold(view @ (View::Permute { .. } | View::Reshape { .. })) => {
            moved(args[0], &|axis| view.behind(axis, &node.shape))
        }
        Op::Max { axis: lost } => moved(args[0], &|axis| (axis != *lost).then(|| axis - usize::from(axis > *lost))),
        _ => Shift::Other,
    }
}

fn sum(a: Shift, b: Shift) -> Shift {
    match (a, b) {
        (Shift::None, other) | (other, Shift::None) => other,
        (Shift::Along { axis, times }, Shift::Along { axis: other, times: more }) if axis == other => {
            match (times + more).abs() < ROUNDING * times.abs() {
                true => Shift::None,
                false => settled(axis, times + more),
            }
        }
        _ => Shift::Other,
    }
}

fn settled(axis: Option<usize>, times: f64) -> Shift {
    if times == 0.0 { Shift::None } else { Shift::Along { axis, times } }
}
