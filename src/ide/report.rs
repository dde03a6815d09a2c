//! Everything that can be said about a program without running it: its problems, its stages, its steps, its bytes.

use std::io;
use std::path::Path;

use crate::compile::{self, Backend, Checked, Override};
use crate::data::{self, DataFacts, Dataset, Limits};
use crate::model::Program;
use crate::model::discover::operations;
use crate::model::lints::begins_with_minus;
use crate::model::program::{Batch, Halfway, Length, Privacy, StageInfo, Thaw};
use crate::model::recognised::LoopInfo;
use crate::problem::lint::{LinearConvolutions, LinearLayers, ON_REQUEST};
use crate::problem::{Problem, allow};
use crate::session::artifact::{DataRecord, Origin, ProgramRecord};
use crate::session::cadence;
use crate::session::footprint::{self, Footprint, Rows};
use crate::session::formulas::Formulas;
use crate::session::lints::{lints, misfit};
use crate::session::privacy::{self, Guarantee};
use crate::session::transfer::{self, Brought};
use crate::source::{Span, World};

/// What `check` finds.
pub struct Report {
    /// The program, as later stages take it.
    pub checked: Checked,
    /// Of all files and of the data, in order of place, without what the program allows.
    pub problems: Vec<Problem>,
    /// Warnings that are off by default, likewise.
    pub on_request: Vec<Problem>,
    /// The models that are trained, in the order of their first training.
    pub models: Vec<ModelReport>,
    pub trains: Vec<TrainReport>,
}

pub struct ModelReport {
    pub name: String,
    /// Numbers of all parameters.
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
    /// The examples of training, validation and test, where the look at the data tells them.
    pub rows: Option<[usize; 3]>,
    /// The programs that write rows, which no look starts.
    pub commands: Vec<String>,
    pub steps: Steps,
    /// Numbers that the run moves: those of the parameters that are neither frozen for good nor adapted.
    pub trained: u64,
    /// Those of all parameters.
    pub parameters: u64,
    /// When parts that are frozen for a while begin to train, where the steps are known.
    pub thaws: Vec<Thaw>,
    /// What the run begins with from files; nothing where one of them does not fit.
    pub transfers: Vec<Brought>,
    /// What the run computes and holds. Unknown where a batch is all of an unknown number of rows.
    pub footprint: Option<Footprint>,
    /// What a private run asks for, and what holds after all of its updates, where the steps are known.
    pub private: Option<Privacy>,
    pub guarantee: Option<Guarantee>,
    /// The tensors of a checkpoint.
    pub tensor_bytes: u64,
    /// The file of a checkpoint, with the best weights if they are kept. It says what was fitted to the rows, so it is
    /// known where these have been read.
    pub checkpoint_bytes: Option<u64>,
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
    /// Every row, unless another program writes them. What is found is remembered for the next glance.
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
    problems.extend(begins_with_minus(&checked.tree, &checked.sources));
    let mut looked: Vec<Looked> = vec![];
    let (mut models, mut trains): (Vec<ModelReport>, _) = (vec![], vec![]);
    let mut misfits: Vec<&str> = vec![];
    for (at, program) in checked.programs.iter().enumerate() {
        let reads = Reads::of(program);
        if looked.iter().all(|it| it.reads != reads) {
            let (dataset, rows) = match at_data {
                // Programs that write rows are for those to start who want to train.
                Look::Rows if data::programs(&program.data).is_empty() => read_rows(world, base, program),
                Look::Glance | Look::Rows => (None, vec![]),
            };
            let record = dataset.as_ref().map(|it| DataRecord::new(program, it));
            let (facts, mut found) = data::inspect(world, base, &program.data);
            // What a glance sees too is said once, and so is what two experiments see of one block.
            found.extend(rows);
            for problem in found {
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            looked.push(Looked { reads: reads.clone(), facts, record, dataset });
        }
        let is_new = models.iter().all(|it| it.name != program.model);
        if is_new {
            models.push(model(program));
        }
        let misfit = misfit(world, base, program);
        if misfit.is_some() {
            misfits.push(&program.model);
        }
        let Looked { facts, record, dataset, .. } =
            looked.iter().find(|it| it.reads == reads).expect("looked at above");
        let examples = record.as_ref().map(|it| it.examples).or(facts.splits);
        // A table in the program is next to nothing.
        let table = (!program.data.source.table.is_empty()).then_some(Rows { data: 0, reading: 0 });
        let rows = dataset.as_ref().map(Rows::of).or(table);
        // What lints prove and what a step costs are the two longest looks at a program.
        let (report, (of_program, of_rows)) = rayon::join(
            || train(program, examples, rows),
            || (program.lints(), dataset.as_ref().map_or(vec![], |dataset| lints(program, dataset))),
        );
        for problem in misfit.into_iter().chain(of_program).chain(of_rows) {
            // A model that is linear as a whole is told no more of that, and several experiments with one model are told once.
            let known = LINEAR.contains(&problem.code) && misfits.contains(&program.model.as_str());
            if !known && !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        let rows = examples.map(|[train, ..]| train);
        problems.extend(rows.into_iter().flat_map(|rows| program.paced(cadence::pace(program, rows))));
        let (transfers, found) = transfer::inspect(world, base, &checked.sources, program, at_data == Look::Rows);
        for problem in found {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        let private = rows.map(|rows| privacy::Plan::of(program, rows)).transpose();
        let private = private.unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let private = private.flatten();
        let checkpoint_bytes = record.as_ref().map(|data| {
            let record = ProgramRecord::new(&checked, at, overrides, base);
            // Hashes are of one length.
            let transfers = transfers.iter().map(|it| it.with("0".repeat(64))).collect();
            let (data, backend, privacy) = (data.clone(), Backend::default(), private.clone());
            Origin { program, record, data, backend, transfers, privacy }.checkpoint_bytes()
        });
        let guarantee = private.map(|it| it.guarantee(it.updates));
        trains.push(TrainReport { checkpoint_bytes, transfers, guarantee, ..report });
    }
    // With overrides it is for who searches with them to ask.
    if checked.is_sound() && overrides.is_empty() {
        problems.extend(compile::at_the_ends(world, path, &checked, overrides));
    }
    problems.extend(allow::unknown(&checked.sources, checked.file));
    problems.sort_by_key(|it| place(&checked, it));
    problems.iter_mut().for_each(|it| it.settle(&checked.sources));
    let problems = allow::heed(&checked.sources, problems);
    let is_off = |it: &Problem| ON_REQUEST.contains(&it.code) && !allow::is_asked_for(&checked.sources, it);
    let (on_request, problems) = problems.into_iter().partition(is_off);
    Ok(Report { problems, on_request, models, trains, checked })
}

/// Where a problem is said: those of the program's own file come before others.
fn place(checked: &Checked, problem: &Problem) -> Option<(bool, Span)> {
    problem.labels.first().map(|label| (label.span.file != checked.file, label.span))
}

impl Report {
    /// The problems, and the warnings off by default whose codes are `asked` for.
    pub fn with(&self, asked: &[String]) -> Vec<Problem> {
        let more = self.on_request.iter().filter(|it| asked.iter().any(|code| code == it.code));
        let mut all: Vec<Problem> = self.problems.iter().chain(more).cloned().collect();
        all.sort_by_key(|it| place(&self.checked, it));
        all
    }
}

/// What is said about a part of a model that is linear.
const LINEAR: [&str; 2] = [LinearLayers::CODE, LinearConvolutions::CODE];

/// What an experiment reads: a data block, and of each field the place in its formula at which training augments it.
#[derive(Clone, PartialEq)]
struct Reads<'a> {
    data: &'a str,
    halfway: Vec<Option<&'a Halfway>>,
}

impl Reads<'_> {
    fn of(program: &Program) -> Reads<'_> {
        let data = &program.data;
        Reads { data: &data.name, halfway: data.fields.iter().map(|it| it.halfway.as_ref()).collect() }
    }
}

/// What was seen of the rows that experiments read.
struct Looked<'a> {
    reads: Reads<'a>,
    facts: DataFacts,
    record: Option<DataRecord>,
    dataset: Option<Dataset>,
}

/// What only the rows show: what is fitted to them, cells that do not fit, splits without examples.
fn read_rows(world: &dyn World, base: &Path, program: &Program) -> (Option<Dataset>, Vec<Problem>) {
    match data::load(world, base, &program.data, &mut Formulas(program), Limits::default()) {
        Ok(dataset) => {
            let warnings = dataset.warnings.clone();
            (Some(dataset), warnings)
        }
        Err(problems) => (None, problems),
    }
}

fn model(program: &Program) -> ModelReport {
    let forward = program.predict(1);
    ModelReport {
        name: program.model.clone(),
        parameters: program.parameters() as u64,
        flops_forward: forward.needed().into_iter().map(|id| operations(&forward.graph, id)).sum(),
        stages: program.stages.clone(),
        loops: program.loops.clone(),
    }
}

fn train(program: &Program, examples: Option<[usize; 3]>, read: Option<Rows>) -> TrainReport {
    TrainReport {
        name: program.name.clone(),
        model: program.model.clone(),
        data: program.data.name.clone(),
        rows: examples,
        commands: data::programs(&program.data),
        steps: steps(program, examples.map(|[train, ..]| train)),
        trained: program.trained as u64,
        parameters: program.parameters() as u64,
        thaws: thaws(program, examples.map(|[train, ..]| train)),
        transfers: vec![],
        footprint: Footprint::ahead(program, examples, read),
        private: program.train.privacy,
        guarantee: None,
        tensor_bytes: footprint::of_checkpoint(program),
        checkpoint_bytes: None,
    }
}

fn thaws(program: &Program, rows: Option<usize>) -> Vec<Thaw> {
    rows.map_or(vec![], |rows| program.thaws(cadence::pace(program, rows)))
}

fn steps(program: &Program, rows: Option<usize>) -> Steps {
    let together = program.train.accumulate.max(1);
    match (program.train.length, program.train.batch, rows) {
        (Length::Epochs(epochs), Batch::Size(batch), None) => Steps::Formula(match batch.saturating_mul(together) {
            1 => format!("{epochs} × rows"),
            batch => format!("{epochs} × ⌈rows / {batch}⌉"),
        }),
        (Length::Epochs(epochs), Batch::All, None) => Steps::Known((epochs.round() as u64).max(1)),
        (Length::Steps(steps), ..) => Steps::Known(steps),
        (Length::Epochs(_), _, Some(rows)) => Steps::Known(cadence::pace(program, rows).total),
    }
}
