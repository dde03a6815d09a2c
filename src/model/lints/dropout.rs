//! Dropout in a place where what follows makes it useless or harmful: before statistics of the batch, which see in
//! training another variance than in prediction (Li et al., 2018), and before a maximum, which takes a neighbour instead.

use super::{Scene, fed};
use crate::problem::Problem;
use crate::problem::lint::DropoutBefore;
use crate::scalar::Scalar;
use crate::tensor::{Id, Op, View};

pub fn lint(scene: &Scene) -> Vec<Problem> {
    let graph = &scene.step.graph;
    let fed = fed(graph);
    // The node where elements were dropped, as long as no weight has mixed them.
    let mut dropped: Vec<Option<Id>> = vec![None; graph.len()];
    let mut noise = vec![false; graph.len()];
    let mut problems: Vec<Problem> = vec![];
    for id in scene.step.forward() {
        let node = &graph[id];
        noise[id.0 as usize] =
            matches!(node.op, Op::Random { .. }) || node.args.iter().any(|arg| noise[arg.0 as usize]);
        let of_examples = || node.args.iter().filter(|arg| fed[arg.0 as usize]);
        let mask = || node.args.iter().any(|arg| noise[arg.0 as usize] && !fed[arg.0 as usize]);
        let all = || {
            let mut all = of_examples().map(|arg| dropped[arg.0 as usize]);
            let first = all.next().flatten();
            first.filter(|_| all.all(|it| it.is_some()))
        };
        dropped[id.0 as usize] = match &node.op {
            // What varies the examples before the model is in no layer.
            Op::Map(Scalar::Select | Scalar::Mul) if fed[id.0 as usize] && mask() && scene.step.stage(id).is_some() => {
                Some(id)
            }
            Op::Map(_) | Op::View(_) => all(),
            Op::Fold(view) if !matches!(view, View::Expand { axis: 0, .. }) => all(),
            _ => None,
        };
        let before = node.args.first().and_then(|arg| dropped[arg.0 as usize]);
        let what = match &node.op {
            Op::Max { .. } => Some("a maximum takes an element that was kept in place of one that was dropped"),
            Op::Fold(View::Expand { axis: 0, .. }) => {
                Some("statistics of the batch see another variance in training than later in prediction")
            }
            _ => None,
        };
        if let (Some(from), Some(why)) = (before, what) {
            let ((at, dropout), (next_at, next)) = (scene.step.place(from), scene.step.place(id));
            let problem = DropoutBefore { dropout, next, why, at, next_at }.into();
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}
