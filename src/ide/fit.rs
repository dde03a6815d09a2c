//! Whether a model is linear where it should not be: as a whole, on rows that stand in the program itself, or in layers
//! that follow each other.

use std::path::Path;

use crate::compile::least_loss;
use crate::data::{self, Limits};
use crate::model::Program;
use crate::model::program::Split;
use crate::problem::Problem;
use crate::problem::lint::{LinearLayers, LinearModel};
use crate::session::formulas::Formulas;
use crate::source::World;
use crate::tensor::Array;

/// The share of the loss without any model above which a linear model does not fit.
const MISFIT: f64 = 0.1;

/// Warns where the model is linear, its least loss can be computed, and is far from none. Only rows that stand in the
/// program are looked at: they are few, and nobody writes noise by hand.
pub fn misfit(world: &dyn World, base: &Path, program: &Program) -> Option<Problem> {
    if program.data.source.table.is_empty()
        || !program.varied_fields().is_empty()
        || program.linearity().inputs != Some(1)
    {
        return None;
    }
    let loaded = data::load(world, base, &program.data, &mut Formulas(program), Limits::default()).ok()?;
    let part = loaded.part(Split::Train);
    let feeds: Option<Vec<&Array>> = program.feeds.iter().map(|&field| part.fields[field].as_ref()).collect();
    let least = least_loss(program, &feeds?)?;
    let (at, loss_at) = program.places();
    let (model, best) = (program.model.clone(), format!("{:.4}", least.value));
    (least.value > MISFIT * least.untrained).then(|| LinearModel { model, best, at, loss_at }.into())
}

/// Warns where layers follow each other that together are one.
pub fn repeated(program: &Program) -> Option<Problem> {
    let layers = program.matrices_in_a_row();
    let (at, _) = program.places();
    (layers > 1).then(|| LinearLayers { model: program.model.clone(), layers, at }.into())
}
