//! Discovery: lowering an experiment for the first time, which finds its parameters and states.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::functions::{Output, WATCHED, output_kind, still};
use super::lower::{ALL, Declared, Lower, Outcome, Reported, Setting};
use super::program::*;
use super::recognised::{LoopInfo, recognised};
use super::train::Experiment;
use super::types;
use super::value::{Meaning, Tensor};
use crate::problem::sequences::WritesNothing;
use crate::problem::training::{MetricNotANumber, ReadInPredictionOnly};
use crate::problem::{Problem, Severity};
use crate::scalar::Dtype;
use crate::tensor::{Graph, Id, Op, Slot};

/// The length of an epoch in updates where rows have not been counted yet: only proportions are checked then.
const NOMINAL_EPOCH: u64 = 1000;

/// Lowers everything once, and so checks it; then knows the program.
pub fn program(
    mut experiment: Experiment,
    block: &crate::syntax::tree::TrainBlock,
    mut train: TrainPlan,
    data: DataPlan,
    problems: &mut Vec<Problem>,
) -> Outcome<Program> {
    let errors = |problems: &[Problem]| problems.iter().filter(|it| it.severity == Severity::Error).count();
    let before = errors(problems);
    let metric_plans = experiment.metrics.iter().map(|metric| MetricPlan {
        name: metric.name.clone(),
        rising: metric.rising,
        shape: vec![],
        is_mean: false,
        span: metric.span,
    });
    let mut metric_plans: Vec<MetricPlan> = metric_plans.collect();
    let total = match train.length {
        Length::Epochs(epochs) => (epochs * NOMINAL_EPOCH as f64).round().max(1.0) as u64,
        Length::Steps(steps) => steps,
    };
    let epoch = NOMINAL_EPOCH;
    let setting = Setting { training: true, batch: 2, epoch, total, done: ALL };
    let found = {
        let mut lower = experiment.lower(setting, problems);
        lower.discovering = true;
        let step = experiment.lower_step(&mut lower)?;
        let roots = [step.loss, step.total, step.rate];
        let dead = dead_states(&lower, &roots);
        experiment.lint_statistics(&mut lower, &step.moving);
        let numbers = |slot: &u32| lower.declared[*slot as usize].shape.iter().product::<usize>();
        let trained = step.moving.iter().map(numbers).sum();
        let layers = lower.stages.iter().map(|it| (it.path.clone(), it.form.clone())).collect();
        (sorted(&lower, &dead), std::mem::take(&mut lower.initial), step.outputs, dead, trained, layers)
    };
    let (declared, initial, outputs, dead, trained, layers): (_, _, _, _, usize, Vec<_>) = found;
    experiment.declared = declared;
    experiment.initial = initial;
    experiment.dead = dead;
    predicting(&experiment, problems)?;
    experiment.map_names(&layers, problems)?;
    experiment.transfers_fit(problems)?;
    if experiment.privacy.is_some() {
        one_by_one(&experiment, setting, problems)?;
    }
    if experiment.thaws_at_all() {
        beginning(&experiment, setting, problems)?;
    }
    let target_meaning = |output: &Output| output.tensor.meaning;
    let shapes: Vec<(String, Vec<usize>, Meaning)> =
        outputs.iter().map(|it| (it.name.clone(), it.tensor.shape.clone(), target_meaning(it))).collect();
    // Metrics see the user's own units, which have the same types.
    for (at, plan) in metric_plans.iter_mut().enumerate() {
        let mut lower = experiment.lower(still(2), problems);
        let fed: Vec<Output> = shapes
            .iter()
            .enumerate()
            .map(|(slot, (name, shape, meaning))| {
                let shape = [&[2][..], shape].concat();
                let id = lower.graph.input(Slot::Feed(slot as u32), &shape, Dtype::F32);
                let names = outputs[slot].tensor.names.clone();
                let tensor = Tensor { meaning: *meaning, names, ..lower.tensor(id, vec![super::value::BATCH]) };
                Output { name: name.clone(), tensor }
            })
            .collect();
        let targets = experiment.targets.iter().enumerate();
        let targets: Vec<Tensor> =
            targets.map(|(at, &field)| experiment.target(&mut lower, fed.len() + at, field)).collect();
        let metric = experiment.metrics[at].clone();
        if let Ok(score) = experiment.metric_of(&mut lower, &metric, &fed, &targets) {
            (plan.shape, plan.is_mean) = (score.value.shape, score.is_mean);
        }
    }
    if let Some((metric, at)) = super::plan::not_a_number(&train, &metric_plans) {
        let found = format!("f32{}", types::dims(&metric_plans[metric].shape));
        let (metric, metric_at) = (metric_plans[metric].name.clone(), metric_plans[metric].span);
        problems.push(MetricNotANumber { metric, found, at, metric_at }.into());
    }
    experiment.long_warmup(train.length, problems);
    experiment.long_freeze(train.length, problems);
    train.metrics = metric_plans;
    if errors(problems) > before {
        return Err(Reported);
    }
    let (stages, loops) = stages(&experiment);
    if let Some(plateau) = &mut train.plateau {
        plateau.slot = experiment.declared.iter().position(|it| it.path == WATCHED).map(|slot| slot as u32);
    }
    let states = experiment.declared.iter().map(|it| StateInfo {
        path: it.path.clone(),
        role: role(it),
        shape: it.shape.clone(),
        dtype: Dtype::F32,
        adapts: it.adapts.clone(),
        span: it.span,
    });
    let states = states.collect();
    let names: Vec<&str> = experiment.targets.iter().map(|&at| experiment.fields.decls[at].name.as_str()).collect();
    let outputs = shapes.iter().map(|(name, shape, meaning)| OutputInfo {
        name: name.clone(),
        kind: output_kind(*meaning),
        shape: shape.clone(),
        target: match names.iter().position(|it| it == name) {
            Some(at) => Some(experiment.targets[at]),
            None => (shapes.len() == 1).then(|| experiment.targets[0]),
        },
    });
    let program = Program {
        name: block.name.as_ref().map(|name| name.text.to_string()),
        model: experiment.model[0].callable.name.text.to_string(),
        outputs: outputs.collect(),
        feeds: experiment.feeds(),
        inputs: experiment.inputs.len(),
        data,
        train,
        states,
        stages,
        loops,
        step_fits: experiment.step_fits(),
        trained,
        shapes,
        experiment,
    };
    if let Some(preview) = program.train.preview.as_ref().filter(|_| program.writing().is_none()) {
        problems.push(WritesNothing { model: program.model.clone(), asked: true, at: preview.span }.into());
        return Err(Reported);
    }
    Ok(program)
}

/// Lowers the model as it predicts, which may be other branches than those of a training. Nothing is met there that a
/// training does not know.
fn predicting(experiment: &Experiment, problems: &mut Vec<Problem>) -> Outcome<()> {
    let mut lower = experiment.lower(still(2), problems);
    lower.discovering = true;
    experiment.predicted(&mut lower)?;
    match lower.declared.get(experiment.declared.len()).cloned() {
        None => Ok(()),
        Some(Declared { path, span: at, .. }) => Err(lower.report(ReadInPredictionOnly { path, at })),
    }
}

/// Lowers the first step, while what is frozen for a while is still.
fn beginning(experiment: &Experiment, setting: Setting, problems: &mut Vec<Problem>) -> Outcome<()> {
    let mut lower = experiment.lower(Setting { done: 0, ..setting }, problems);
    let step = experiment.lower_step(&mut lower)?;
    experiment.lint_statistics(&mut lower, &step.moving);
    Ok(())
}

/// Lowers the step as private training takes it, with what each example has of its own.
fn one_by_one(experiment: &Experiment, setting: Setting, problems: &mut Vec<Problem>) -> Outcome<()> {
    let mut lower = experiment.lower(setting, problems);
    experiment.lower_share(&mut lower, Share::Private { is_last: true }).map(|_| ())
}

fn role(declared: &Declared) -> StateRole {
    match (declared.trained, declared.path.contains(" of ")) {
        (true, _) => StateRole::Parameter,
        (false, false) => StateRole::Layer,
        (false, true) => StateRole::Optimizer,
    }
}

/// Parameters first, then the states of layers, then those of the optimizer; dead ones are left out.
fn sorted(lower: &Lower, dead: &BTreeSet<String>) -> Vec<Declared> {
    let mut declared: Vec<Declared> = lower.declared.iter().filter(|it| !dead.contains(&it.path)).cloned().collect();
    declared.sort_by_key(|it| match role(it) {
        StateRole::Parameter => 0,
        StateRole::Layer => 1,
        StateRole::Optimizer => 2,
    });
    declared
}

/// States of the optimizer that only they themselves read (a momentum of 0 makes one).
fn dead_states(lower: &Lower, roots: &[Id]) -> BTreeSet<String> {
    let optimizer = |slot: u32| role(&lower.declared[slot as usize]) == StateRole::Optimizer;
    let mut open: Vec<Id> = roots.to_vec();
    open.extend(lower.nexts.iter().filter(|&(&slot, _)| !optimizer(slot)).map(|(_, &id)| id));
    let mut seen = vec![false; lower.graph.len()];
    let mut read = BTreeSet::new();
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut seen[id.0 as usize], true) {
            continue;
        }
        open.extend(&lower.graph[id].args);
        if let Op::Input(Slot::State(slot)) = lower.graph[id].op
            && read.insert(slot)
            && let Some(&next) = lower.nexts.get(&slot)
        {
            open.push(next);
        }
    }
    let all = 0..lower.declared.len() as u32;
    all.filter(|slot| optimizer(*slot) && !read.contains(slot))
        .map(|slot| lower.declared[slot as usize].path.clone())
        .collect()
}

/// The stages of the model as it predicts, for one example, and what each `for` became.
fn stages(experiment: &Experiment) -> (Vec<StageInfo>, Vec<LoopInfo>) {
    let mut problems = Vec::new();
    let mut lower = experiment.lower(still(1), &mut problems);
    let Ok(outputs) = experiment.predicted(&mut lower) else { return (vec![], vec![]) };
    let graph: &Graph = &lower.graph;
    // What was written down and is not needed costs nothing.
    let ends = outputs.iter().map(|it| it.tensor.id).chain(lower.nexts.values().copied());
    let needed: BTreeSet<Id> = graph.needed(ends).into_iter().collect();
    let mut within: FxHashMap<&str, usize> = FxHashMap::default();
    for parameter in experiment.declared.iter().filter(|it| it.trained) {
        let size: usize = parameter.shape.iter().product();
        let path = &parameter.path;
        path.match_indices('.').for_each(|(end, _)| *within.entry(&path[..end]).or_default() += size);
    }
    let infos = lower.stages.iter().map(|stage| StageInfo {
        path: stage.path.clone(),
        layer: stage.layer.clone(),
        ty: if stage.ty.is_empty() { types::dims(&stage.shape) } else { stage.ty.clone() },
        shape: stage.shape.clone(),
        parameters: within.get(&stage.path[..]).copied().unwrap_or(0),
        flops: stage.nodes.clone().map(Id).filter(|id| needed.contains(id)).map(|id| operations(graph, id)).sum(),
        depth: stage.depth.saturating_sub(1),
        span: stage.span,
    });
    (infos.collect(), recognised(graph, &lower.loops))
}

/// Operations of one node: a fused multiply-add counts two.
pub fn operations(graph: &Graph, id: Id) -> u64 {
    use crate::tensor::{Op, View};
    let node = &graph[id];
    let size = node.size() as u64;
    let of = |at: usize| graph[node.args[at]].size() as u64;
    match &node.op {
        Op::Input(_) | Op::Const(_) | Op::View(_) | Op::Index { .. } | Op::Gather { .. } => 0,
        Op::Map(_) | Op::Random { .. } => size,
        Op::Fold(View::Permute { .. } | View::Reshape { .. }) => 0,
        Op::Fold(_) | Op::Max { .. } | Op::ScatterAdd { .. } | Op::Order { .. } => of(0),
        Op::Contract { a, b, .. } => {
            let only_b = b.iter().enumerate().filter(|(_, label)| !a.contains(label));
            let extra: u64 = only_b.map(|(axis, _)| graph[node.args[1]].shape[axis] as u64).product();
            2 * of(0) * extra
        }
        // All that a recurrence carries is computed together.
        Op::Scan { scan, at: 0 } => {
            let turn = &scan.turn.graph;
            scan.turns as u64 * turn.ids().map(|id| operations(turn, id)).sum::<u64>()
        }
        Op::Scan { .. } => 0,
    }
}
