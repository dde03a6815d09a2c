//! Lints: what a sound program does that somebody will regret. Each is proved on the program's graphs, or tried on a few
//! numbers, and is silent where it cannot prove what it says.

mod cancelled;
mod constant;
mod decay;
mod dropout;
mod flips;
mod minus;
mod products;
mod range;
mod rate;
mod single;
mod units;

pub use constant::constants;
pub use minus::begins_with_minus;
pub use range::{Range, ranges};

use self::products::products;
use super::functions::still;
use super::lower::{ALL, Applied, Lower, Setting};
use super::program::{Batch, Program};
use super::train::Experiment;
use crate::problem::Problem;
use crate::source::Span;
use crate::tensor::{Graph, Id, Op, Slot, View};

/// Every lint of a program, in the order in which they speak.
const LINTS: &[fn(&Scene) -> Vec<Problem>] =
    &[products::lint, single::lint, cancelled::lint, units::lint, dropout::lint, rate::lint, decay::lint, flips::lint];

/// Programs with more nodes than this are not looked at: the answer must come while somebody waits.
const MOST_NODES: usize = 100_000;

/// An epoch and a run in updates, where rows have not been counted: long enough for whatever follows their end.
const NOMINAL: (u64, u64) = (1000, 1 << 40);

/// What lints look at.
pub struct Scene<'a> {
    pub program: &'a Program,
    /// One update, the model in training as its beginning.
    pub step: Lowered,
    pub predicting: Lowered,
}

/// A graph, and which part of it came from where.
pub struct Lowered {
    pub graph: Graph,
    /// What the model gives.
    pub outputs: Vec<Id>,
    /// The loss, where it was lowered too.
    pub loss: Option<Id>,
    pub updates: Vec<(u32, Id)>,
    stages: Vec<Applied>,
    /// Where what is in no stage is told.
    otherwise: Span,
}

impl Program {
    /// What the program says that somebody will regret, whatever its data.
    pub fn lints(&self) -> Vec<Problem> {
        let scene = Scene::of(self);
        scene.map_or(vec![], |scene| LINTS.iter().flat_map(|lint| lint(&scene)).collect())
    }

    /// What happens in the last, smaller batch of an epoch of so many examples.
    pub fn last_batch(&self, rows: usize) -> Option<Problem> {
        single::last_batch(self, rows)
    }

    /// Where an input meets weights first, if it is as it was fed there, and by which layer.
    pub fn first_weights(&self, slot: u32) -> Option<(Span, String)> {
        let lowered = Lowered::predicting(&self.experiment)?;
        let graph = &lowered.graph;
        let products = products(&lowered);
        let mut raw = vec![false; graph.len()];
        for id in lowered.forward() {
            let node = &graph[id];
            let is_raw = node.args.iter().any(|arg| raw[arg.0 as usize]);
            match &node.op {
                Op::Input(Slot::Feed(feed)) => raw[id.0 as usize] = *feed == slot,
                Op::View(_) => raw[id.0 as usize] = is_raw,
                _ if is_raw && products.iter().any(|it| it.at == id) => return Some(lowered.place(id)),
                // Whatever else is done with it may be what scales it.
                _ if is_raw => return None,
                _ => {}
            }
        }
        None
    }

    /// Between which numbers each output of the model lies, whatever its parameters and inputs.
    pub fn output_ranges(&self) -> Vec<Range> {
        let predict = self.predict(2);
        let all = ranges(&predict.graph);
        predict.results.iter().map(|id| all[id.0 as usize]).collect()
    }
}

impl<'a> Scene<'a> {
    fn of(program: &'a Program) -> Option<Scene<'a>> {
        let batch = if program.train.batch == Batch::Size(1) { 1 } else { 2 };
        let predicting = Lowered::predicting(&program.experiment)?;
        let step = Lowered::step(&program.experiment, batch)?;
        (step.graph.len() <= MOST_NODES).then_some(Scene { program, step, predicting })
    }
}

impl Lowered {
    /// One update on `batch` examples.
    fn step(experiment: &Experiment, batch: usize) -> Option<Lowered> {
        let (mut problems, (epoch, total)) = (Vec::new(), NOMINAL);
        let mut lower = experiment.lower(Setting { training: true, batch, epoch, total, done: ALL }, &mut problems);
        let step = experiment.lower_step(&mut lower).ok()?;
        let outputs = step.outputs.iter().map(|it| it.tensor.id).collect();
        Some(Lowered::gather(lower, outputs, Some(step.loss), experiment.output_place()))
    }

    fn predicting(experiment: &Experiment) -> Option<Lowered> {
        let mut problems = Vec::new();
        let mut lower = experiment.lower(still(2), &mut problems);
        let outputs = experiment.predicted(&mut lower).ok()?;
        let outputs = outputs.iter().map(|it| it.tensor.id).collect();
        Some(Lowered::gather(lower, outputs, None, experiment.output_place()))
    }

    fn gather(lower: Lower, outputs: Vec<Id>, loss: Option<Id>, otherwise: Span) -> Lowered {
        let Lower { graph, stages, nexts, .. } = lower;
        Lowered { graph, outputs, loss, updates: nexts.into_iter().collect(), stages, otherwise }
    }

    /// The innermost stage that made the node.
    pub fn stage(&self, id: Id) -> Option<&Applied> {
        let around = self.stages.iter().filter(|it| it.nodes.contains(&id.0));
        around.min_by_key(|it| it.nodes.len())
    }

    /// Where the node was asked for, and by which layer.
    pub fn place(&self, id: Id) -> (Span, String) {
        self.stage(id).map_or((self.otherwise, "the model".into()), |it| (it.span, format!("`{}`", it.layer)))
    }

    /// The nodes that the model's outputs are made of.
    pub fn forward(&self) -> Vec<Id> {
        self.graph.needed(self.outputs.iter().copied())
    }
}

/// For each node, whether a door that is `chosen` is among what it is made of.
pub fn depends(graph: &Graph, chosen: impl Fn(Slot) -> bool) -> Vec<bool> {
    let mut all: Vec<bool> = Vec::with_capacity(graph.len());
    for id in graph.ids() {
        let own = matches!(graph[id].op, Op::Input(slot) if chosen(slot));
        all.push(own || graph[id].args.iter().any(|arg| all[arg.0 as usize]));
    }
    all
}

/// Which nodes depend on an example.
pub fn fed(graph: &Graph) -> Vec<bool> {
    depends(graph, |slot| matches!(slot, Slot::Feed(_)))
}

/// The one value of a node that is a constant, seen through views that add nothing.
pub fn constant_value(graph: &Graph, id: Id) -> Option<f32> {
    match &graph[id].op {
        Op::Const(bits) if graph[id].dtype == crate::scalar::Dtype::F32 => Some(f32::from_bits(*bits)),
        Op::View(View::Pad { .. }) => None,
        Op::View(_) => constant_value(graph, graph[id].args[0]),
        _ => None,
    }
}
