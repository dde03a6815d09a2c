//! Samples of what training sees: examples as they are, and as augmentation varies them.

use super::formulas::interpret_at;
use super::measure::some;
use crate::data::Dataset;
use crate::data::shuffle::{Purpose, order};
use crate::model::Program;
use crate::model::program::Split;
use crate::tensor::{Array, Clock};

/// A field that training varies, for some examples.
pub struct Samples {
    pub field: String,
    /// The examples as they are, where augmentation finds them: `[examples, shape..]`.
    pub plain: Array,
    /// The same in one step after the other.
    pub varied: Vec<Array>,
}

/// The first examples of the first epoch, as `steps` steps would see them. Each varied field has its own samples; there are none
/// where nothing is varied.
pub fn samples(program: &Program, dataset: &Dataset, examples: usize, steps: u32) -> Vec<Samples> {
    let part = dataset.part(Split::Train);
    let seed = program.train.seed;
    let rows: Vec<usize> = order(part.rows, seed, Purpose::Epoch, 0).into_iter().map(|it| it as usize).collect();
    let rows = &rows[..examples.min(rows.len())];
    let fields = program.varied_fields();
    if fields.is_empty() || rows.is_empty() {
        return vec![];
    }
    let mut feeds: Vec<Array> = program.feeds.iter().map(|&it| some(part, it, rows)).collect();
    feeds.extend(program.step_fits.iter().map(|&(field, fit)| dataset.fitted.fields[field].fits[fit].clone()));
    let function = program.varied(rows.len());
    let mut samples: Vec<Samples> = fields
        .iter()
        .map(|&it| Samples { field: program.data.fields[it].name.clone(), plain: some(part, it, rows), varied: vec![] })
        .collect();
    for step in 1..=steps {
        let seen = interpret_at(&function, &[], &feeds, Clock { seed, step });
        samples.iter_mut().zip(seen).for_each(|(samples, seen)| samples.varied.push(seen));
    }
    samples
}
