//! From a data block to arrays: sources, columns, cells, splits, fitted preprocessing, batches.
//!
//! There are two depths. [`inspect`] looks for milliseconds: files, headings, inline tables. [`load`] reads every row.
//! The formulas of fields are run by a [`Fitter`], which the floor above supplies; what they fit, they fit on training
//! rows alone.

use std::ops::Range;
use std::path::Path;

use crate::model::program::{ColumnPlan, DataPlan, Select, Split};
use crate::problem::Problem;
use crate::source::World;
use crate::tensor::Array;

mod ahead;
pub mod args;
pub mod array;
pub mod batches;
pub mod cells;
pub mod classes;
pub mod columns;
mod decoded;
pub mod draws;
pub mod encode;
pub mod facts;
pub mod files;
pub mod foreign;
pub mod fitted;
pub mod frame;
pub mod input;
pub mod inspect;
pub mod labels;
pub mod levels;
pub mod lints;
pub mod part;
pub mod pictures;
pub mod prepare;
mod process;
pub mod served;
pub mod shuffle;
pub mod sources;
pub mod split;
pub mod time;
pub mod tokens;
pub mod trouble;
pub mod watch;
pub mod windows;
pub mod zip;

pub use batches::Batches;
pub use draws::Draws;
pub use fitted::Fitted;
pub use input::{Need, Rows, encode_rows};
pub use inspect::{DataFacts, inspect};
pub use levels::Levels;
pub use part::Part;
pub use sources::command::programs;
pub use watch::{Unwatched, Watch, Work};

use files::Files;
use prepare::Prepared;

/// Who runs the formulas of fields. `field` is an index into `DataPlan::fields`; `columns` are the field's columns, the
/// rows in front.
pub trait Fitter {
    /// What the formula fits on training rows: medians, means.
    fn fit(&mut self, field: usize, columns: &[Array]) -> Vec<Array>;
    /// The same of rows that come in portions, so that few of them are held: `columns` gives those of some rows. `None` where the
    /// formula has to see all rows at once.
    fn fit_in_portions(
        &mut self,
        _field: usize,
        _rows: usize,
        _portion: usize,
        _columns: &mut dyn FnMut(Range<usize>) -> Vec<Array>,
    ) -> Option<Vec<Array>> {
        None
    }
    /// Whether it fits to so many rows in portions.
    fn fits_in_portions(&self, _field: usize, _rows: usize) -> bool {
        false
    }
    /// The bytes that it takes at the most to fit to so many rows, beside their columns.
    fn fitting(&self, _field: usize, _rows: usize) -> u64 {
        0
    }
    /// The same for encoding them.
    fn encoding(&self, _field: usize, _rows: usize) -> u64 {
        0
    }
    /// The field as the model receives it.
    fn encode(&mut self, field: usize, fits: &[Array], columns: &[Array]) -> Array;
    /// What `encode` makes of a byte, or `encode_first` where training steps read that, if it makes of each byte of its one
    /// column a number by itself. `None` where it does not, or nobody knows.
    fn levels(&mut self, _field: usize, _fits: &[Array], _first: bool) -> Option<Levels> {
        None
    }
    /// What training steps read of a field that they augment within its formula.
    fn encode_first(&mut self, field: usize, fits: &[Array], columns: &[Array]) -> Array;
    /// The field as the model receives it, from what `encode_first` gave.
    fn encode_rest(&mut self, field: usize, fits: &[Array], halfway: &Array) -> Array;
    /// A target as the model sees it, back in the user's own units.
    fn decode(&mut self, field: usize, fits: &[Array], values: &Array) -> Array;
}

/// How much is read at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of one file, unpacked. At most `u32::MAX`: places in a column's text are 32 bits.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: u64::from(u32::MAX) }
    }
}

/// Everything that a run reads.
pub struct Dataset {
    /// Indexed by `Split`; those that the program does not ask for are empty.
    pub parts: [Part; 3],
    /// The examples of training in which each value is predicted once, where windows overlap in those that train.
    pub once: Option<Part>,
    pub fitted: Fitted,
    /// Of the bytes of all files, in hexadecimal.
    pub fingerprint: String,
    /// The most bytes that were held while the rows were read.
    pub reading: u64,
    /// What is odd about the rows. What is odd about the heading, [`inspect`] has said.
    pub warnings: Vec<Problem>,
}

impl Dataset {
    pub fn part(&self, split: Split) -> &Part {
        &self.parts[split as usize]
    }

    /// The examples by which weights are judged.
    pub fn judged(&self, split: Split) -> &Part {
        match (&self.once, split) {
            (Some(once), Split::Train) => once,
            _ => self.part(split),
        }
    }

    /// The bytes that the examples take.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(Part::bytes).sum()
    }
}

/// Reads all rows and fits the preprocessing. The paths of `plan` start from the folder `base`.
pub fn load(
    world: &dyn World,
    base: &Path,
    plan: &DataPlan,
    fitter: &mut dyn Fitter,
    limits: Limits,
) -> Result<Dataset, Vec<Problem>> {
    load_watched(Files::new(world, base, limits), plan, None, fitter)
}

/// Reads all rows; with `fitted`, encoded as they were when that was: for a resumed run, and to evaluate an artifact. No problem
/// at all means that the watch has ended it.
pub fn load_watched(
    files: Files,
    plan: &DataPlan,
    fitted: Option<&Fitted>,
    fitter: &mut dyn Fitter,
) -> Result<Dataset, Vec<Problem>> {
    let prepared = Prepared::read(plan, files, fitted)?;
    let fitted = match fitted {
        Some(fitted) => fitted.clone(),
        None => encode::fit(&prepared, fitter, files.watch).ok_or_else(Vec::new)?,
    };
    encode::dataset(&prepared, fitted, fitter, files.watch)
}

/// A column plan as a person names it.
fn selected(plan: &ColumnPlan) -> String {
    match &plan.select {
        Select::Column(name) | Select::Pattern(name) => name.clone(),
    }
}
