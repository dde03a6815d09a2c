//! Weights that are made smaller twice: by the optimizer itself, and by a regularizer whose gradient is a multiple of the
//! weights. Both are found by trying them.

use super::Scene;
use crate::model::lower::{ALL, Declared, Lower, Setting};
use crate::model::train::{Experiment, selects};
use crate::problem::Problem;
use crate::problem::lint::DecayTwice;
use crate::scalar::Dtype;
use crate::tensor::{Clock, Graph, Id, Slot, Wide, evaluate_f64, grad};

/// Parameters that are tried for each regularizer.
const MOST_TRIED: usize = 64;

pub fn lint(scene: &Scene) -> Vec<Problem> {
    let experiment = &scene.program.experiment;
    let mut problems = vec![];
    for (at, term) in experiment.regularizers.iter().enumerate() {
        let chosen = |path: &str| term.what.is_empty() || term.what.iter().any(|it| selects(&it.pattern, path));
        let moving = scene.step.updates.iter().map(|it| it.0).filter(|&slot| {
            let declared = &experiment.declared[slot as usize];
            declared.trained && chosen(&declared.path)
        });
        let found = moving
            .take(MOST_TRIED)
            .find(|&slot| Alone::of(experiment, slot).is_some_and(|it| it.shrinks()) && pulls(experiment, at, slot));
        if let Some(slot) = found {
            let (parameter, at) = (experiment.declared[slot as usize].path.clone(), term.value.span);
            problems.push(DecayTwice { parameter, at, optimizer_at: experiment.optimizer.span }.into());
        }
    }
    problems
}

/// Where nothing depends on the clock or on chance.
const STILL: Clock = Clock { seed: 0, step: 1 };

/// Whether the gradient of a regularizer is a multiple of the parameter.
fn pulls(experiment: &Experiment, term: usize, slot: u32) -> bool {
    let mut problems = vec![];
    let mut lower = lowered(experiment, slot, &mut problems);
    let Ok(value) = experiment.penalty(&mut lower, &experiment.regularizers[term], 0) else { return false };
    let door = lower.state(0);
    let gradient = grad(&mut lower.graph, value.id, &[door.id])[0];
    let at = |value: f64| {
        let parameter = filled(&door.shape, value);
        evaluate_f64(&lower.graph, &[gradient], &[parameter], &[], STILL)[0].data[0]
    };
    is_multiple(at)
}

/// Whether a function is one of `x -> c x` with `c` not 0.
fn is_multiple(f: impl Fn(f64) -> f64) -> bool {
    let (none, one, two) = (f(0.0), f(1.0), f(2.0));
    none == 0.0 && one != 0.0 && (two / one - 2.0).abs() < 1e-3
}

/// The optimizer with one small parameter in place of one of the model's: of its path and its rank.
pub struct Alone {
    graph: Graph,
    /// The next values of the parameter and of the optimizer's own states, by slot.
    nexts: Vec<(u32, Id)>,
    start: Vec<Wide>,
    shape: Vec<usize>,
}

impl Alone {
    pub fn of(experiment: &Experiment, slot: u32) -> Option<Alone> {
        let mut problems = vec![];
        let mut lower = lowered(experiment, slot, &mut problems);
        let shape = lower.declared[0].shape.clone();
        let gradient = lower.graph.input(Slot::Feed(0), &shape, Dtype::F32);
        let factor = lower.constant(1.0, Dtype::F32);
        experiment.update(&mut lower, 0, gradient, &factor).ok()?;
        let initial: Vec<Id> = lower.declared.iter().map(|it| it.initial).collect();
        let start = evaluate_f64(&lower.initial, &initial, &[], &[], STILL);
        let nexts = lower.nexts.iter().map(|(&slot, &id)| (slot, id)).collect();
        Some(Alone { graph: lower.graph, nexts, start, shape })
    }

    /// How far the weight 1 goes in the update number `updates`, the gradient having been the same in all of them.
    pub fn settled_move(&self, gradient: f64, updates: u32) -> f64 {
        let mut states = self.start.clone();
        let mut moved = 0.0;
        for step in 1..=updates {
            let next = self.next(&states, gradient, step);
            moved = next[0].data.iter().map(|it| (it - 1.0).abs()).fold(0.0, f64::max);
            // The weight itself stays where it is.
            states[1..].clone_from_slice(&next[1..]);
        }
        moved
    }

    /// Whether weights become smaller where the gradient is 0, each by its share.
    pub fn shrinks(&self) -> bool {
        is_multiple(|value| {
            let mut states = self.start.clone();
            states[0] = filled(&self.shape, value);
            value - self.next(&states, 0.0, 1)[0].data[0]
        })
    }

    fn next(&self, states: &[Wide], gradient: f64, step: u32) -> Vec<Wide> {
        let wanted: Vec<Id> = self.nexts.iter().map(|it| it.1).collect();
        let gradient = filled(&self.shape, gradient);
        let found = evaluate_f64(&self.graph, &wanted, states, &[gradient], Clock { seed: 0, step });
        let mut next = states.to_vec();
        self.nexts.iter().zip(found).for_each(|(&(slot, _), value)| next[slot as usize] = value);
        next
    }
}

fn filled(shape: &[usize], value: f64) -> Wide {
    Wide { shape: shape.to_vec(), dtype: Dtype::F32, data: vec![value; shape.iter().product()] }
}

/// A lowering that knows one parameter: of the path of that of `slot`, and with at most two places along each axis.
fn lowered<'a>(experiment: &'a Experiment, slot: u32, problems: &'a mut Vec<Problem>) -> Lower<'a> {
    let mut lower =
        experiment.lower(Setting { training: true, batch: 1, epoch: 1000, total: 10_000, done: ALL }, problems);
    let like = &experiment.declared[slot as usize];
    let shape: Vec<usize> = like.shape.iter().map(|&extent| extent.min(2)).collect();
    lower.initial = Graph::default();
    let initial = lower.initial.constant(1.0, &shape);
    lower.slots = [(like.path.clone(), 0)].into();
    lower.declared = vec![Declared { shape, initial, ..like.clone() }];
    lower.discovering = true;
    lower
}
