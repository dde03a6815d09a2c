//! Everything that can be said about a program without running it: its problems, its stages, its steps, its bytes.

use std::io;
use std::path::Path;

use crate::compile::{self, Checked, Override};
use crate::model::Program;
use crate::model::program::{Batch, Length, StageInfo, StateRole};
use crate::problem::Problem;
use crate::source::World;

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
}

pub struct TrainReport {
    pub name: Option<String>,
    pub model: String,
    pub steps: Steps,
}

/// How many updates a run makes.
#[derive(Clone, PartialEq, Debug)]
pub enum Steps {
    Known(u64),
    /// `10 × ⌈rows / 128⌉`: nobody has counted the rows.
    Formula(String),
}

/// Checks the program at `path`, with its data as far as a glance shows it. `text` takes the place of the file's own.
pub fn check(world: &dyn World, path: &Path, text: Option<String>, overrides: &[Override]) -> io::Result<Report> {
    let checked = compile::check(world, path, text, overrides)?;
    let mut models: Vec<ModelReport> = vec![];
    for program in &checked.programs {
        if models.iter().all(|it| it.name != program.model) {
            models.push(model(program));
        }
    }
    let problems = super::allow::heed(&checked.sources, checked.problems.clone());
    Ok(Report { problems, models, trains: checked.programs.iter().map(train).collect(), checked })
}

fn model(program: &Program) -> ModelReport {
    let parameters = program.states.iter().filter(|state| state.role == StateRole::Parameter);
    let outermost = program.stages.iter().filter(|stage| stage.depth == 0);
    ModelReport {
        name: program.model.clone(),
        parameters: parameters.map(|state| state.shape.iter().product::<usize>() as u64).sum(),
        flops_forward: outermost.map(|stage| stage.flops).sum(),
        stages: program.stages.clone(),
    }
}

fn train(program: &Program) -> TrainReport {
    TrainReport { name: program.name.clone(), model: program.model.clone(), steps: steps(program, None) }
}

/// The updates of a run over `rows` training rows.
fn steps(program: &Program, rows: Option<u64>) -> Steps {
    let plan = &program.train;
    let epochs = match plan.length {
        Length::Steps(steps) => return Steps::Known(steps),
        Length::Epochs(epochs) => epochs,
    };
    match (plan.batch, rows) {
        (Batch::All, _) => Steps::Known(epochs.ceil() as u64),
        (Batch::Size(batch), Some(rows)) => Steps::Known((epochs * rows.div_ceil(batch as u64) as f64).ceil() as u64),
        (Batch::Size(1), None) => Steps::Formula(format!("{epochs} × rows")),
        (Batch::Size(batch), None) => Steps::Formula(format!("{epochs} × ⌈rows / {batch}⌉")),
    }
}
