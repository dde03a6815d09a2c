//! What differs between two programs: layers, parameters, operations, settings, and which weights survive.

use std::path::Path;

use super::report::{Look, Report, look};
use super::settings::{Origin, Setting, settings};
use crate::compile::Override;
use crate::model::Program;
use crate::model::program::{StageInfo, StateInfo, StateRole};
use crate::source::World;

/// One of the two programs.
pub struct Side {
    pub report: Report,
    settings: Vec<Setting>,
    /// Which of its experiments.
    program: usize,
}

/// What differs.
pub struct Diff {
    /// Parameters and operations of the forward pass, before and after.
    pub parameters: [u64; 2],
    pub operations: [u64; 2],
    pub stages: Vec<Change<Stage>>,
    pub settings: Vec<Change<String>>,
    pub weights: Weights,
}

/// Something with a name that is not there on one side, or not the same on both.
#[derive(Clone, PartialEq, Debug)]
pub struct Change<T> {
    pub name: String,
    pub before: Option<T>,
    pub after: Option<T>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Stage {
    pub layer: String,
    pub ty: String,
    pub parameters: usize,
}

/// What becomes of the weights of the first program in the second.
#[derive(Default)]
pub struct Weights {
    /// Of the same name and shape.
    pub survive: Vec<Weight>,
    /// Of the same name and another shape, which is the second.
    pub reshaped: Vec<(Weight, Vec<usize>)>,
    /// Of the first program only, and what may be its name in the second.
    pub lost: Vec<(Weight, Option<String>)>,
    /// Of the second program only.
    pub new: Vec<Weight>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Weight {
    pub name: String,
    pub shape: Vec<usize>,
}

impl Weight {
    pub fn numbers(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64
    }
}

impl Side {
    /// A sound program, whose experiment is `program`.
    pub fn new(
        world: &dyn World,
        path: &Path,
        text: &str,
        overrides: &[Override],
        program: usize,
    ) -> std::io::Result<Side> {
        let report = look(world, path, Some(text.into()), overrides, Look::Glance)?;
        let settings = settings(world, path, text, overrides, &report);
        Ok(Side { report, settings, program })
    }

    fn program(&self) -> &Program {
        &self.report.checked.programs[self.program]
    }

    /// The settings of the experiment, with a name that has nothing to do with what the model and the data are called.
    fn settings(&self) -> Vec<(String, String)> {
        let (program, mut found) = (self.program(), vec![]);
        let others = |setting: &Setting| setting.train.is_some() && setting.train != program.name;
        for setting in self.settings.iter().filter(|it| !others(it)) {
            let Some(value) = &setting.value else { continue };
            if matches!(setting.origin, Origin::Derived(..)) {
                continue;
            }
            let inner = format!("{}.", setting.path);
            let has_parts = self.settings.iter().any(|it| it.path.starts_with(&inner));
            // The parts of a call are told one by one.
            let value = if has_parts { value.split('(').next().unwrap_or_default() } else { value };
            let path = [(program.model.as_str(), "model"), (program.data.name.as_str(), "data")].iter().find_map(
                |(name, word)| Some(format!("{word}.{}", setting.path.strip_prefix(name)?.strip_prefix('.')?)),
            );
            found.push((path.unwrap_or_else(|| setting.path.clone()), value.to_string()));
        }
        found
    }
}

impl Diff {
    pub fn of(before: &Side, after: &Side) -> Diff {
        let (a, b) = (before.program(), after.program());
        let operations = |side: &Side| {
            let model = side.report.models.iter().find(|it| it.name == side.program().model);
            model.map_or(0, |it| it.flops_forward)
        };
        let stages = |program: &Program| program.stages.iter().map(stage).collect::<Vec<_>>();
        let stages = changes(&stages(a), &stages(b));
        // What is there on one side only has been told as a whole.
        let whole: Vec<String> = stages
            .iter()
            .filter(|it| it.before.is_none() || it.after.is_none())
            .map(|it| format!("model.{}.", it.name))
            .collect();
        let mut settings = changes(&before.settings(), &after.settings());
        settings.retain(|it| whole.iter().all(|stage| !it.name.starts_with(stage)));
        Diff {
            parameters: [a.parameters() as u64, b.parameters() as u64],
            operations: [operations(before), operations(after)],
            stages,
            settings,
            weights: weights(a, b),
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        let Weights { reshaped, lost, new, .. } = &self.weights;
        let same = self.parameters[0] == self.parameters[1] && self.operations[0] == self.operations[1];
        same && self.stages.is_empty()
            && self.settings.is_empty()
            && reshaped.is_empty()
            && lost.is_empty()
            && new.is_empty()
    }
}

fn stage(stage: &StageInfo) -> (String, Stage) {
    let it = Stage { layer: stage.layer.clone(), ty: stage.ty.clone(), parameters: stage.parameters };
    (stage.path.clone(), it)
}

/// What differs between two lists of named things, in the order of the second; what is gone stands where it was.
fn changes<T: Clone + PartialEq>(before: &[(String, T)], after: &[(String, T)]) -> Vec<Change<T>> {
    let find = |list: &[(String, T)], name: &str| list.iter().find(|(it, _)| it == name).map(|(_, it)| it.clone());
    let mut names: Vec<&String> = vec![];
    let mut done = 0;
    for (name, _) in after {
        if let Some(at) = before.iter().position(|(it, _)| it == name)
            && at >= done
        {
            names.extend(before[done..at].iter().map(|(it, _)| it).filter(|it| find(after, it).is_none()));
            done = at + 1;
        }
        names.push(name);
    }
    names.extend(before[done..].iter().map(|(it, _)| it).filter(|it| find(after, it).is_none()));
    let mut found: Vec<Change<T>> = vec![];
    for name in names {
        let change = Change { name: name.clone(), before: find(before, name), after: find(after, name) };
        if change.before != change.after && found.iter().all(|it| it.name != *name) {
            found.push(change);
        }
    }
    found
}

fn weights(before: &Program, after: &Program) -> Weights {
    let kept = |program: &Program| -> Vec<Weight> {
        let states = program.states.iter().filter(|it| it.role != StateRole::Optimizer);
        states.map(|StateInfo { path, shape, .. }| Weight { name: path.clone(), shape: shape.clone() }).collect()
    };
    let (old, new) = (kept(before), kept(after));
    let is_new = |it: &&Weight| old.iter().all(|other| other.name != it.name);
    let fresh: Vec<Weight> = new.iter().filter(is_new).cloned().collect();
    let mut found = Weights::default();
    // Of what is new, each may be one that is lost: the next of the same shape.
    let mut open: Vec<&Weight> = fresh.iter().collect();
    for weight in old {
        match new.iter().find(|it| it.name == weight.name) {
            Some(same) if same.shape == weight.shape => found.survive.push(weight),
            Some(same) => found.reshaped.push((weight, same.shape.clone())),
            None => {
                let leaf = |name: &str| name.rsplit('.').next().unwrap_or_default().to_string();
                let fits = |it: &&Weight| it.shape == weight.shape && leaf(&it.name) == leaf(&weight.name);
                let at = open.iter().position(fits);
                let renamed = at.map(|at| open.drain(..=at).next_back().expect("one").name.clone());
                found.lost.push((weight, renamed));
            }
        }
    }
    found.new = fresh;
    found
}
