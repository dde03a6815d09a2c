//! What a trained artifact says about rows: predictions, and how good they are.

use std::path::Path;

use serde::Serialize;

use super::{Failure, Metrics};
use crate::compile::{Backend, Checked};
use crate::model::program::Split;
use crate::source::World;

/// An artifact whose program has been checked again, ready to predict.
pub struct Trained {
    /// The program in the artifact.
    pub checked: Checked,
    /// Which of its experiments was trained.
    pub program: usize,
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
    /// `confusion[truth][prediction]`, in the order of `classes`.
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
    pub fn read(_path: &Path) -> Result<Trained, Failure> {
        unimplemented!()
    }

    /// Predictions for the rows of the file `input`; the columns that identify a row come first.
    pub fn predict(&self, _world: &dyn World, _input: &Path, _backend: Backend) -> Result<Table, Failure> {
        unimplemented!()
    }

    pub fn evaluate(&self, _world: &dyn World, _known: Known, _backend: Backend) -> Result<Evaluation, Failure> {
        unimplemented!()
    }
}
