//! What private training does not hide: all that is taken from the rows beside the updates.

use crate::model::program::{CellType, DataPlan, FieldPlan, Keep, Privacy, TrainPlan};
use crate::problem::Problem;
use crate::problem::privacy::{NoiseNotSecret, OutsideBudget};
use crate::source::Span;
use crate::syntax::tree::Role;

/// Warns of what a budget does not cover, and of a noise that is known.
pub(super) fn lint_outside(
    data: &DataPlan,
    read: &[usize],
    plan: &TrainPlan,
    privacy: &Privacy,
    problems: &mut Vec<Problem>,
) {
    let fields = read.iter().filter_map(|&at| Some((of_field(&data.fields[at])?, data.fields[at].span)));
    let what: Vec<(String, Span)> = fields.chain(chosen(plan)).collect();
    if !what.is_empty() {
        problems.push(OutsideBudget { what, private_at: privacy.span }.into());
    }
    if let Some(at) = privacy.seed_at {
        problems.push(NoiseNotSecret { at }.into());
    }
}

/// What is taken from the rows for a field.
fn of_field(field: &FieldPlan) -> Option<String> {
    let cells = || field.columns.iter().map(|column| &column.cell);
    if field.window.is_some() {
        return Some("windows may share rows, and the budget is for one window".into());
    }
    if field.role == Role::Weight {
        return Some("scaled by the mean of all weights".into());
    }
    if cells().any(|cell| matches!(cell, CellType::Tokens(_))) {
        return Some("its vocabulary is that of the training rows".into());
    }
    if field.fits > 0 {
        return Some("its formula is fitted to the training rows".into());
    }
    let is_open = |cell: &CellType| cell.classes().is_some_and(|classes| classes.names.is_none());
    cells().any(is_open).then(|| "its classes are those of the rows".into())
}

/// The settings that choose by metrics.
fn chosen(plan: &TrainPlan) -> Vec<(String, Span)> {
    let keep = match &plan.keep {
        Keep::Best { span: Some(span), .. } => Some(*span),
        Keep::Best { span: None, .. } | Keep::Last => None,
    };
    let stop = plan.stop.as_ref().map(|it| it.span);
    let plateau = plan.plateau.as_ref().map(|it| it.span);
    let all = keep.into_iter().chain(stop).chain(plateau);
    all.map(|span| ("goes by a metric, which has no noise".to_string(), span)).collect()
}
