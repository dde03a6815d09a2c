//! What a trained artifact says about rows: predictions, and how good they are.

use std::path::Path;

use serde::Serialize;

use super::artifact::{Artifact, Document};
use super::formulas::Formulas;
use super::generation::{Draft, Refusal, Writer};
use super::measure::{Model, field};
use super::reading::{Read, Said, read};
use super::{Cause, Failure, Metrics};
use crate::compile::{Backend, Checked};
use crate::data::files::Files;
use crate::data::{self, Limits, Need, Part, Rows, Unwatched, Watch};
use crate::model::Program;
use crate::model::program::Split;
use crate::problem::Problem;
use crate::problem::run::SplitWithoutExamples;
use crate::problem::sequences::WritesNothing;
use crate::source::{Sources, World};
use crate::syntax::tree::Role;
use crate::tensor::{Array, Data};

/// An artifact whose program has been checked again, ready to predict.
pub struct Trained {
    /// The program in the artifact.
    pub checked: Checked,
    /// Which of its experiments was trained.
    pub program: usize,
    /// What else the artifact says.
    pub document: Document,
    /// What there is to know before one relies on it.
    pub warnings: Vec<Problem>,
    /// The model's states by slot.
    weights: Vec<Array>,
}

/// What a model says of rows.
pub struct Predictions {
    pub rows: usize,
    /// Of pictures the file of each.
    pub files: Option<Vec<String>>,
    /// What identifies a row, by the names of the fields.
    ids: Vec<(String, Vec<Cell>)>,
    /// By output.
    pub reads: Vec<Read>,
}

/// Predictions, a row for each example.
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum Cell {
    Text(String),
    /// The shortest decimals that give the number back are the ones to print.
    Number(f32),
    Missing,
}

/// How rows come to a model, and who computes.
pub struct Through<'a> {
    pub world: &'a dyn World,
    /// Who is told how far reading has come.
    pub watch: &'a dyn Watch,
    pub backend: Backend,
}

impl<'a> Through<'a> {
    /// With nobody who is told.
    pub fn new(world: &'a dyn World, backend: Backend) -> Through<'a> {
        Through { world, watch: &Unwatched, backend }
    }

    fn files(&self, base: &'a Path) -> Files<'a> {
        Files { watch: self.watch, ..Files::new(self.world, base, Limits::default()) }
    }
}

/// Examples whose targets are known.
#[derive(Clone, Copy, Debug)]
pub enum Known<'a> {
    /// Rows of a file.
    File(&'a Path),
    /// A split of the data that the program names, which lies under `base`.
    Split { split: Split, base: &'a Path },
}

/// How good predictions are.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Evaluation {
    pub examples: usize,
    /// In the order of the program.
    pub metrics: Metrics,
    /// One for each output that names classes.
    pub classes: Vec<Classes>,
}

/// How often which class was taken for which.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Classes {
    /// The target.
    pub target: String,
    pub classes: Vec<ClassRow>,
    /// `confusion[truth][prediction]`, in the order of `classes`; nothing of labels, of which several may be on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub confusion: Vec<Vec<u64>>,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ClassRow {
    pub class: String,
    /// Of what was taken for this class, the share that is of it; none where nothing was taken for it.
    pub precision: Option<f64>,
    /// Of what is of this class, the share that was found; none where nothing is of it.
    pub recall: Option<f64>,
    /// Examples of this class.
    pub support: u64,
}

impl Trained {
    /// Reads the artifact at `path` and checks the program in it.
    pub fn read(path: &Path) -> Result<Trained, Failure> {
        let unreadable = |problem| Failure {
            cause: Cause::Unreadable,
            problems: vec![problem],
            // What is wrong with the file itself has no place in a program.
            sources: Sources::default(),
        };
        let artifact = Artifact::read(path).map_err(unreadable)?;
        let (checked, program, warnings) = artifact.program().map_err(unreadable)?;
        let weights = artifact.weights(&checked.programs[program]).map_err(unreadable)?;
        Ok(Trained { checked, program, document: artifact.document, warnings, weights })
    }

    /// Predictions for the rows of a file, or for pictures and folders of them.
    pub fn predict(&self, inputs: &[&Path], through: &Through) -> Result<Predictions, Failure> {
        let program = self.program();
        let Rows { part, files } = self.rows(inputs, through, Need::Inputs)?;
        let mut model = Model::new(program, &self.document.data.fitted, through.backend);
        let outputs = model.outputs(&mut self.weights.clone(), &part);
        let ids = program.data.fields.iter().enumerate().filter(|(_, field)| field.role == Role::Id);
        let mut ids: Vec<(String, Vec<Cell>)> =
            ids.filter_map(|(at, field)| Some((field.name.clone(), id_cells(&part, at)?))).collect();
        if let Some(serves) = &self.document.serves {
            ids.sort_by_key(|(name, _)| serves.iter().position(|it| it == name));
        }
        Ok(Predictions { rows: part.rows, files, ids, reads: read(program, &model, &outputs) })
    }

    pub fn evaluate(&self, known: Known, through: &Through) -> Result<Evaluation, Failure> {
        let program = self.program();
        let part = match known {
            Known::File(path) => self.rows(&[path], through, Need::Targets)?.part,
            Known::Split { split, base } => self.split(base, through, split)?,
        };
        let backend = through.backend;
        let mut model = Model::new(program, &self.document.data.fitted, backend);
        let outputs = model.outputs(&mut self.weights.clone(), &part);
        let metrics = model.judge(&outputs, &part);
        let reads = read(program, &model, &outputs);
        let classes = reads.iter().filter_map(|read| classes(program, read, &part)).collect();
        Ok(Evaluation { examples: part.rows, metrics, classes })
    }

    /// Writes a text, and calls `each` with each piece of it, until that says no.
    pub fn write(&self, draft: &Draft, backend: Backend, each: impl FnMut(&str) -> bool) -> Result<(), Failure> {
        let program = self.program();
        let told = |problem: Problem| self.unfit(vec![problem]);
        let Some(writing) = program.writing() else {
            let at = program.places().0;
            return Err(told(WritesNothing { model: program.model.clone(), asked: false, at }.into()));
        };
        let (fitted, mut weights) = (&self.document.data.fitted, self.weights.clone());
        let mut model = Model::new(program, fitted, backend);
        let refused = |refusal: Refusal| told(refusal.told(program, None));
        let mut writer = Writer::new(program, fitted, &mut model, &mut weights, writing).map_err(refused)?;
        writer.write(draft, each).map_err(refused)
    }

    fn program(&self) -> &Program {
        &self.checked.programs[self.program]
    }

    fn rows(&self, inputs: &[&Path], through: &Through, need: Need) -> Result<Rows, Failure> {
        let (plan, fitted) = (&self.program().data, &self.document.data.fitted);
        let formulas = &mut Formulas(self.program());
        let rows = data::encode_rows(through.files(Path::new("")), inputs, plan, fitted, formulas, need);
        rows.map_err(|problems| self.unfit(problems))
    }

    fn split(&self, base: &Path, through: &Through, split: Split) -> Result<Part, Failure> {
        let (plan, fitted) = (&self.program().data, &self.document.data.fitted);
        let formulas = &mut Formulas(self.program());
        let dataset = data::load_watched(through.files(base), plan, Some(fitted), formulas);
        let dataset = dataset.map_err(|problems| self.unfit(problems))?;
        let part = dataset.judged(split).clone();
        if part.rows == 0 {
            let at = plan.split.span.unwrap_or(plan.span);
            return Err(self.unfit(vec![SplitWithoutExamples { split: split.word(), at }.into()]));
        }
        Ok(part)
    }

    fn unfit(&self, problems: Vec<Problem>) -> Failure {
        Failure { cause: Cause::Program, problems, sources: self.checked.sources.clone() }
    }
}

impl Predictions {
    /// What identifies a row, as columns: the fields that do, or of pictures, where no field does, the file.
    pub fn identity(&self) -> Vec<(String, Vec<Cell>)> {
        match &self.files {
            Some(files) if self.ids.is_empty() => {
                vec![("file".into(), files.iter().map(|file| Cell::Text(file.clone())).collect())]
            }
            _ => self.ids.clone(),
        }
    }

    /// What identifies a row comes first.
    pub fn table(&self) -> Table {
        let mut named = self.identity();
        named.extend(self.reads.iter().flat_map(Read::columns));
        let (columns, cells): (Vec<String>, Vec<Vec<Cell>>) = named.into_iter().unzip();
        let mut cells: Vec<_> = cells.into_iter().map(Vec::into_iter).collect();
        let row = |_| cells.iter_mut().map(|column| column.next().expect("a cell for each row")).collect();
        Table { columns, rows: (0..self.rows).map(row).collect() }
    }
}

/// What identifies the rows, as it stands in their file; nothing where the file does not have it.
fn id_cells(part: &Part, field: usize) -> Option<Vec<Cell>> {
    let missing_or_text = |text: Option<&str>| text.map_or(Cell::Missing, |text| Cell::Text(text.into()));
    if let Some(texts) = &part.texts[field] {
        return Some(texts.iter().map(missing_or_text).collect());
    }
    let number = |value: f32| if value.is_nan() { Cell::Missing } else { Cell::Number(value) };
    Some(match &part.field(field)?.data {
        Data::F32(values) => values.iter().map(|&value| number(value)).collect(),
        Data::I32(values) => values.iter().map(|value| Cell::Text(value.to_string())).collect(),
        Data::Bool(values) => values.iter().map(|value| Cell::Text(value.to_string())).collect(),
    })
}

/// Counts what was taken for what, where a read names classes, and how often each label was said and true.
fn classes(program: &Program, read: &Read, part: &Part) -> Option<Classes> {
    let labels = match read.said.as_ref()? {
        Said::Class(labels) => labels,
        Said::Tokens { .. } => return None,
        Said::Labels { on, .. } => return Some(each_label(program, read, part, on)),
    };
    let truth: Vec<usize> = match &field(part, read.target?).data {
        Data::F32(values) => values.iter().map(|&value| usize::from(value > 0.5)).collect(),
        Data::I32(values) => values.iter().map(|&value| value as usize).collect(),
        Data::Bool(values) => values.iter().map(|&value| usize::from(value)).collect(),
    };
    let count = read.names.len();
    let mut confusion = vec![vec![0; count]; count];
    for (&truth, label) in truth.iter().zip(labels) {
        // What has no label is in no column: recall counts it as not found.
        if let Some(label) = *label {
            confusion[truth][label] += 1;
        }
    }
    let rows = read.names.iter().enumerate().map(|(class, name)| {
        let support = truth.iter().filter(|&&it| it == class).count() as u64;
        let taken: u64 = confusion.iter().map(|row| row[class]).sum();
        let share = |of: u64| (of > 0).then(|| confusion[class][class] as f64 / of as f64);
        ClassRow { class: name.clone(), precision: share(taken), recall: share(support), support }
    });
    let target = program.data.fields[read.target?].name.clone();
    Some(Classes { target, classes: rows.collect(), confusion })
}

/// Of each label what was said of it. What has no probabilities has no label.
fn each_label(program: &Program, read: &Read, part: &Part, said: &[Option<Vec<usize>>]) -> Classes {
    let target = read.target.expect("labels are those of a target");
    let values = field(part, target);
    let truth: Vec<&[f32]> = values.floats().chunks_exact(read.names.len()).collect();
    let rows = read.names.iter().enumerate().map(|(label, name)| {
        let is_said = |on: &Option<Vec<usize>>| on.iter().flatten().any(|&it| it == label);
        let support = truth.iter().filter(|row| row[label] > 0.5).count();
        let taken = said.iter().filter(|on| is_said(on)).count();
        let both = truth.iter().zip(said).filter(|(row, on)| row[label] > 0.5 && is_said(on)).count();
        let share = |of: usize| (of > 0).then(|| both as f64 / of as f64);
        ClassRow { class: name.clone(), precision: share(taken), recall: share(support), support: support as u64 }
    });
    Classes { target: program.data.fields[target].name.clone(), classes: rows.collect(), confusion: vec![] }
}
