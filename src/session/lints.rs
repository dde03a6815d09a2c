//! What is odd about a program and its rows together: what a batch, a target, an input and a metric come to on them.

use std::path::Path;

use super::formulas::Formulas;
use super::measure::{field, some};
use crate::compile::least_loss;
use crate::data::{self, Dataset, Limits};
use crate::model::Program;
use crate::model::program::{Batch, FieldType, OutputKind, Privacy, Split};
use crate::problem::Problem;
use crate::problem::lint::{
    AccumulateBeyondEpoch, BatchLargerThanData, ImbalancedClasses, LinearModel, OutOfReach, UnscaledInput,
};
use crate::problem::privacy::DeltaTooLarge;
use crate::source::World;
use crate::tensor::{Array, Clock, Data, Wide, evaluate_f64};

/// What is odd about the rows for this program.
pub fn lints(program: &Program, dataset: &Dataset) -> Vec<Problem> {
    let mut problems = vec![];
    problems.extend(larger_batch(program, dataset));
    problems.extend(program.last_batch(dataset.part(Split::Train).rows));
    problems.extend(large_delta(program, dataset));
    problems.extend(out_of_reach(program, dataset));
    problems.extend(unscaled(program, dataset));
    problems.extend(imbalanced(program, dataset));
    problems
}

/// The share of the loss without any model above which a linear model does not fit.
const MISFIT: f64 = 0.1;

/// Warns where the model is linear, its least loss can be computed, and is far from none. Only rows that stand in the
/// program are looked at: they are few, and nobody writes noise by hand.
pub fn misfit(world: &dyn World, base: &Path, program: &Program) -> Option<Problem> {
    if program.data.source.table.is_empty()
        || !program.varied_fields().is_empty()
        || program.degree_in_inputs() != Some(1)
    {
        return None;
    }
    let loaded = data::load(world, base, &program.data, &mut Formulas(program), Limits::default()).ok()?;
    let part = loaded.part(Split::Train);
    let feeds = program.feeds.iter().map(|&field| part.field(field)).collect::<Option<Vec<_>>>()?;
    let least = least_loss(program, &feeds.iter().map(|it| &**it).collect::<Vec<_>>())?;
    let (at, loss_at) = program.places();
    let (model, best) = (program.model.clone(), format!("{:.4}", least.value));
    (least.value > MISFIT * least.untrained).then(|| LinearModel { model, best, at, loss_at }.into())
}

/// A batch that somebody has asked for and that no epoch fills, or as many batches in an update as no epoch has.
fn larger_batch(program: &Program, dataset: &Dataset) -> Option<Problem> {
    let rows = dataset.part(Split::Train).rows;
    let Batch::Size(batch) = program.train.batch else { return None };
    let (batches, epoch) = (program.train.accumulate, rows.div_ceil(batch));
    match (program.train.batch_at, program.train.accumulate_at) {
        (Some(at), _) if batch > rows => Some(BatchLargerThanData { batch, rows, at }.into()),
        (_, Some(at)) if batches > epoch => Some(AccumulateBeyondEpoch { batches, epoch, batch, rows, at }.into()),
        _ => None,
    }
}

/// A delta that allows one of so many examples to be given away.
fn large_delta(program: &Program, dataset: &Dataset) -> Option<Problem> {
    let (privacy, rows) = (program.train.privacy?, dataset.part(Split::Train).rows);
    let Privacy { delta, delta_at: at, .. } = privacy;
    (delta * rows as f64 >= 1.0).then(|| DeltaTooLarge { delta, rows, at }.into())
}

/// Targets that lie outside of what the model's last function can give.
fn out_of_reach(program: &Program, dataset: &Dataset) -> Vec<Problem> {
    let part = dataset.judged(Split::Train);
    let outputs = program.outputs.iter().zip(program.output_ranges());
    let found = outputs.filter_map(|(output, (low, high))| {
        let target = output.target?;
        let plan = &program.data.fields[target];
        let numbers = matches!(plan.ty, FieldType::Number | FieldType::Tensor);
        if output.kind != OutputKind::Number || !numbers || output.shape != plan.shape || (low, high) == ANYTHING {
            return None;
        }
        // What stands halfway is not what the model is held against.
        if part.halfway && plan.ty == FieldType::Tensor {
            return None;
        }
        let slack = |bound: f64| 1e-3 * (1.0 + bound.abs());
        let beyond = |value: f32| {
            let value = f64::from(value);
            value < low - slack(low) || value > high + slack(high)
        };
        let width = plan.shape.iter().product::<usize>().max(1);
        let values = field(part, target);
        let beyond = values.floats().chunks(width).filter(|row| row.iter().any(|&value| beyond(value))).count();
        let (at, _) = program.places();
        let (name, field_at) = (plan.name.clone(), plan.span);
        (beyond > 0).then(|| OutOfReach { field: name, low, high, beyond, rows: part.rows, at, field_at }.into())
    });
    found.collect()
}

const ANYTHING: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// Fewer numbers than this in an example are no picture.
const FEWEST_PIXELS: usize = 16;

/// Inputs of whole numbers up to 255 that the model multiplies by weights as they are.
fn unscaled(program: &Program, dataset: &Dataset) -> Vec<Problem> {
    let part = dataset.judged(Split::Train);
    let found = (0..program.inputs).filter_map(|slot| {
        let at = program.feeds[slot];
        let plan = &program.data.fields[at];
        if plan.shape.iter().product::<usize>() < FEWEST_PIXELS {
            return None;
        }
        let is_level = |value: &f32| (0.0..=255.0).contains(value) && value.fract() == 0.0;
        let (rows, mut high) = ((0..part.rows).collect::<Vec<usize>>(), 0.0f32);
        for rows in rows.chunks(SAMPLE) {
            let some = some(part, at, rows);
            let Data::F32(values) = &some.data else { return None };
            if !values.iter().all(is_level) {
                return None;
            }
            high = values.iter().copied().fold(high, f32::max);
        }
        if high < 100.0 {
            return None;
        }
        let (at, reader) = program.first_weights(slot as u32)?;
        Some(UnscaledInput { field: plan.name.clone(), high: f64::from(high), at, reader }.into())
    });
    found.collect()
}

/// The share of one class from which on a guess looks like a model.
const IMBALANCE: f64 = 0.85;

/// Of fewer rows no share is known.
const FEWEST_ROWS: usize = 20;

/// As many rows show whether a metric is a share of rows.
const SAMPLE: usize = 256;

/// Classes of which one is so frequent that always saying it scores well in every metric that there is.
fn imbalanced(program: &Program, dataset: &Dataset) -> Option<Problem> {
    let part = dataset.judged(Split::Train);
    let [output] = &program.outputs[..] else { return None };
    let target = output.target?;
    let plan = &program.data.fields[target];
    let classes: Vec<usize> = match (&plan.ty, output.kind, &field(part, target).data) {
        (FieldType::Class(_), OutputKind::Logits | OutputKind::Logit, Data::I32(values)) => {
            values.iter().map(|&it| it as usize).collect()
        }
        (FieldType::Binary { .. }, OutputKind::Logit, Data::F32(values)) => {
            values.iter().map(|&it| it as usize).collect()
        }
        _ => return None,
    };
    if classes.len() < FEWEST_ROWS || classes.len() != part.rows {
        return None;
    }
    let share = |of: &[usize], class: usize| of.iter().filter(|&&it| it == class).count() as f64 / of.len() as f64;
    let most = (0..=*classes.iter().max()?).max_by(|&a, &b| share(&classes, a).total_cmp(&share(&classes, b)))?;
    let whole = share(&classes, most);
    if whole < IMBALANCE || whole == 1.0 {
        return None;
    }
    // What always saying that class gives.
    let rows: Vec<usize> = (0..part.rows.min(SAMPLE)).collect();
    let n = rows.len();
    let width = output.shape.iter().product::<usize>().max(1);
    let guess = match output.kind {
        OutputKind::Logits => (0..n * width).map(|at| if at % width == most { 10.0 } else { 0.0 }).collect(),
        // Of an ordinal each score is for being beyond a value.
        _ if matches!(plan.ty, FieldType::Class(_)) => {
            (0..n * width).map(|at| if at % width < most { 10.0 } else { -10.0 }).collect()
        }
        _ => vec![if most == 1 { 10.0 } else { -10.0 }; n],
    };
    let guess = Array::f32(&[&[n], &output.shape[..]].concat(), guess);
    let feeds = [Wide::from(&guess), Wide::from(&some(part, target, &rows))];
    let sampled = share(&classes[..n], most);
    let mut metrics = program.train.metrics.iter().enumerate().filter(|(_, metric)| metric.rising).peekable();
    let first = metrics.peek()?.1;
    let fooled = metrics.all(|(at, metric)| {
        let function = program.metric(at, n);
        let value = evaluate_f64(&function.graph, &function.results, &[], &feeds, Clock { seed: 0, step: 0 });
        metric.shape.is_empty() && (value[0].data[0] - sampled).abs() < 1e-6
    });
    let names = dataset.fitted.class_names(&program.data, target)?;
    let class = format!("`{}`", names[most]);
    let (name, at, field_at) = (plan.name.clone(), first.span, plan.span);
    fooled.then(|| {
        ImbalancedClasses { field: name, class, share: whole, metric: first.name.clone(), at, field_at }.into()
    })
}
