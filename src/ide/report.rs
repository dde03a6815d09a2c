//! Everything that can be said about a program without running it: its problems, its stages, its steps, its bytes.

use std::io;
use std::path::Path;

use crate::compile::{self, Checked, Override};
use crate::data::{self, DataFacts, Limits};
use crate::model::Program;
use crate::model::discover::operations;
use crate::model::program::{Batch, Length, Pace, StageInfo};
use crate::model::recognised::LoopInfo;
use crate::problem::Problem;
use crate::session::cadence;
use crate::session::formulas::Formulas;
use crate::source::World;
use crate::tensor::{Function, Id};

/// What `check` finds.
pub struct Report {
    /// The program, as later stages take it.
    pub checked: Checked,
    /// Of all files and of the data, in order of place, without what the program allows.
    pub problems: Vec<Problem>,
    /// The models that are trained, in the order of their first training.
    pub models: Vec<ModelReport>,
    pub trains: Vec<TrainReport>,
}

pub struct ModelReport {
    pub name: String,
    /// Trained numbers.
    pub parameters: u64,
    /// Operations of the forward pass for one example.
    pub flops_forward: u64,
    pub stages: Vec<StageInfo>,
    /// Each `for` of the user's own in the model and its layers.
    pub loops: Vec<LoopInfo>,
}

pub struct TrainReport {
    pub name: Option<String>,
    pub model: String,
    pub data: String,
    /// The examples of training, validation and test, where a glance at the data tells them.
    pub rows: Option<[usize; 3]>,
    pub steps: Steps,
    /// What a step needs: its arena, its states, what it is fed. Unknown where a batch is all of an unknown number of rows.
    pub peak_bytes: Option<u64>,
    /// The tensors of a checkpoint.
    pub checkpoint_bytes: u64,
}

/// How many updates a run makes.
#[derive(Clone, PartialEq, Debug)]
pub enum Steps {
    Known(u64),
    /// `10 × ⌈rows / 128⌉`: nobody has counted the rows.
    Formula(String),
}

/// How much of the data is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// What some milliseconds show: which files there are, their heads, tables in the program, what is remembered.
    Glance,
    /// Every row. What is found is remembered for the next glance.
    Rows,
}

/// Checks the program at `path`, with its data as far as a glance shows it. `text` takes the place of the file's own.
pub fn check(world: &dyn World, path: &Path, text: Option<String>, overrides: &[Override]) -> io::Result<Report> {
    look(world, path, text, overrides, Look::Glance)
}

/// As [`check`], with as much of the data as `at_data` says.
pub fn look(
    world: &dyn World,
    path: &Path,
    text: Option<String>,
    overrides: &[Override],
    at_data: Look,
) -> io::Result<Report> {
    let checked = compile::check(world, path, text, overrides)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let mut problems = checked.problems.clone();
    let mut looked: Vec<(&str, DataFacts)> = vec![];
    let (mut models, mut trains): (Vec<ModelReport>, _) = (vec![], vec![]);
    for program in &checked.programs {
        let data = program.data.name.as_str();
        if looked.iter().all(|(name, _)| *name != data) {
            let rows = match at_data {
                Look::Glance => vec![],
                Look::Rows => problems_of_rows(world, base, program),
            };
            let (facts, mut found) = data::inspect(world, base, &program.data);
            // What a glance sees too is said once.
            found.extend(rows.into_iter().filter(|it| !found.contains(it)).collect::<Vec<_>>());
            problems.extend(found);
            looked.push((data, facts));
        }
        let is_new = models.iter().all(|it| it.name != program.model);
        if is_new {
            models.push(model(program));
        }
        // A model that is linear as a whole is told so once.
        let misfit = super::fit::misfit(world, base, program);
        let repeated = if is_new && misfit.is_none() { super::fit::repeated(program) } else { None };
        problems.extend(misfit.or(repeated));
        let (_, facts) = looked.iter().find(|(name, _)| *name == data).expect("looked at above");
        let rows = facts.splits.map(|[train, ..]| train);
        problems.extend(rows.into_iter().flat_map(|rows| program.paced(cadence::pace(program, rows))));
        trains.push(train(program, facts));
    }
    problems.extend(super::allow::unknown(&checked.sources, checked.file));
    problems.sort_by_key(|it| it.labels.first().map(|label| (label.span.file != checked.file, label.span)));
    problems.iter_mut().for_each(|it| it.settle(&checked.sources));
    let problems = super::allow::heed(&checked.sources, problems);
    Ok(Report { problems, models, trains, checked })
}

/// What only the rows show: cells that do not fit, splits without examples.
fn problems_of_rows(world: &dyn World, base: &Path, program: &Program) -> Vec<Problem> {
    match data::load(world, base, &program.data, &mut Formulas(program), Limits::default()) {
        Ok(dataset) => dataset.warnings,
        Err(problems) => problems,
    }
}

fn model(program: &Program) -> ModelReport {
    let forward = program.predict(1);
    ModelReport {
        name: program.model.clone(),
        parameters: program.parameters() as u64,
        flops_forward: live(&forward).into_iter().map(|id| operations(&forward.graph, id)).sum(),
        stages: program.stages.clone(),
        loops: program.loops.clone(),
    }
}

/// The nodes that the results of a function depend on.
fn live(function: &Function) -> Vec<Id> {
    let mut live = vec![false; function.graph.len()];
    function.results.iter().for_each(|id| live[id.0 as usize] = true);
    for id in function.graph.ids().rev() {
        if live[id.0 as usize] {
            function.graph[id].args.iter().for_each(|arg| live[arg.0 as usize] = true);
        }
    }
    function.graph.ids().filter(|id| live[id.0 as usize]).collect()
}

fn train(program: &Program, facts: &DataFacts) -> TrainReport {
    let rows = facts.splits.map(|[train, ..]| train as u64);
    let step = pace(program, rows).map(|pace| program.step(pace));
    let states = program.states.iter().map(|state| 4 * state.shape.iter().product::<usize>() as u64);
    TrainReport {
        name: program.name.clone(),
        model: program.model.clone(),
        data: program.data.name.clone(),
        rows: facts.splits,
        steps: steps(program, rows),
        peak_bytes: step.map(|step| compile::plan(&step).peak_bytes() as u64),
        checkpoint_bytes: states.sum(),
    }
}

/// The pace of a run over `rows` training rows. It takes part in the step as numbers only, so where the rows are unknown
/// any number of them gives a step of the same size, unless a batch is all of them.
fn pace(program: &Program, rows: Option<u64>) -> Option<Pace> {
    const SOME: u64 = 1 << 20;
    match (program.train.batch, rows) {
        (Batch::All, None) => None,
        (_, rows) => Some(cadence::pace(program, rows.unwrap_or(SOME) as usize)),
    }
}

fn steps(program: &Program, rows: Option<u64>) -> Steps {
    let together = program.train.accumulate.max(1);
    match (program.train.length, program.train.batch, rows) {
        (Length::Epochs(epochs), Batch::Size(batch), None) => Steps::Formula(match batch.saturating_mul(together) {
            1 => format!("{epochs} × rows"),
            batch => format!("{epochs} × ⌈rows / {batch}⌉"),
        }),
        (Length::Epochs(epochs), Batch::All, None) => Steps::Known((epochs.round() as u64).max(1)),
        (Length::Steps(steps), ..) => Steps::Known(steps),
        (Length::Epochs(_), _, Some(_)) => Steps::Known(pace(program, rows).expect("known rows").total),
    }
}
