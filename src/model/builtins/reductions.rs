//! Sums, means, extremes and medians: what takes axes away.

use super::Arguments;
use crate::model::lower::{Lower, Outcome};
use crate::model::types::describe;
use crate::model::value::*;
use crate::problem::sequences::PaddingCounted;
use crate::problem::shapes::*;
use crate::scalar::{Dtype, Scalar};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reduction {
    Sum,
    Mean,
    Max,
    Min,
    Median,
}

/// A reduction over named axes, over all axes of the shape where none is named.
pub(super) fn reduce(lower: &mut Lower, mut arguments: Arguments, reduction: Reduction) -> Outcome<Value> {
    let [over, condition] = arguments.named(lower, ["over", "where"])?;
    let (name, span) = (arguments.name, arguments.span);
    let [given] = arguments.exactly::<1>(lower)?;
    let mut tensor = lower.tensor_of(given.value, given.span)?;
    if lower.dtype(&tensor) == Dtype::Bool {
        tensor = lower.map(Scalar::ToF32, &[&tensor]).expect("a cast");
    }
    // The axes: the batch, and axes of the shape.
    let (mut batch, mut axes) = (false, Vec::new());
    match over {
        None => axes = (0..tensor.shape.len()).collect(),
        Some(over) => {
            let list = match over.value {
                Value::List(items) => items,
                one => vec![one],
            };
            for item in list {
                match &item {
                    Value::Word(word) if matches!(&**word, "batch" | "rows") => {
                        lower.may_cross(name, word, over.span)?;
                        batch = true;
                    }
                    item => axes.push(lower.axis_of(&tensor, item, over.span)?),
                }
            }
        }
    }
    axes.sort_unstable();
    axes.dedup();
    let mask = match condition {
        Some(condition) => Some(lower.tensor_of(condition.value, condition.span)?),
        None => None,
    };
    if tensor.optional && mask.is_none() {
        let at = lower.blame(given.span);
        let (callee, input, declared) = (format!("`{name}`"), "the operand".to_string(), lower.blame(span));
        return Err(lower.report(OptionalAsPresent { callee, input, is_class: tensor.is_class(), at, declared }));
    }
    let counts = matches!(reduction, Reduction::Sum | Reduction::Mean);
    if counts && mask.is_none() && axes.iter().any(|&axis| tensor.names[axis].padded) {
        let (reduction, at) = (name, lower.blame(span));
        return Err(lower.report(PaddingCounted { reduction, at }));
    }
    let mask = mask.map(|mask| along(lower, mask, &tensor, &axes));
    // The reduced axes first in one row: leads and axes alike become one axis of the shape.
    let mut row = tensor.clone().plain();
    let mut keep = mask;
    if batch {
        lower.crossing = true;
        row = lower.bring_in(&row, BATCH);
        keep = keep.map(|keep| lower.bring_in(&keep, BATCH));
        axes = std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)).collect();
    }
    if axes.is_empty() {
        return Ok(Value::Tensor(row));
    }
    let count: usize = axes.iter().map(|&axis| row.shape[axis]).product();
    let dtype = lower.dtype(&row);
    let fill = match reduction {
        Reduction::Sum | Reduction::Mean => 0.0,
        Reduction::Max => f64::NEG_INFINITY,
        Reduction::Min => f64::INFINITY,
        Reduction::Median => f64::NAN,
    };
    if let Some(mask) = &keep {
        let fill = lower.constant(fill, dtype);
        let Some(masked) = lower.map(Scalar::Select, &[mask, &row, &fill]) else {
            let at = lower.blame(span);
            let (left, right) = (describe(mask), describe(&row));
            return Err(lower.report(ShapeMismatch { operation: "where:".into(), left, right, at, help: None }));
        };
        lower.meet("where:", &[mask, &row], span)?;
        row = Tensor { names: row.names.clone(), ..masked };
    }
    let lead = row.lead.clone();
    let reduced = match reduction {
        Reduction::Sum | Reduction::Mean => {
            let total = fold_axes(lower, &row, &axes, |lower, x, axis| lower.sum(x, axis));
            if reduction == Reduction::Sum {
                total
            } else {
                if dtype != Dtype::F32 {
                    let at = lower.blame(given.span);
                    let (left, right) = (lower.dtype_word(&row).to_string(), "a mean".to_string());
                    return Err(lower.report(NumberTypes { operation: name.into(), left, right, at }));
                }
                let divisor = match &keep {
                    None => lower.constant(count as f64, Dtype::F32),
                    Some(mask) => {
                        let there = lower.map(Scalar::ToF32, &[mask]).expect("a cast");
                        let id = lower.spread(&there, &lead, &row.shape.clone());
                        let there = lower.tensor(id, lead.clone());
                        let count = fold_axes(lower, &there, &axes, |lower, x, axis| lower.sum(x, axis));
                        // Of an example nothing may count, as of an empty text: its mean is 0. Of no row there is none.
                        let one = lower.constant(1.0, Dtype::F32);
                        if batch { count } else { lower.map(Scalar::Max, &[&count, &one]).expect("numbers") }
                    }
                };
                lower.map(Scalar::Div, &[&total, &divisor]).expect("one shape")
            }
        }
        Reduction::Max => fold_axes(lower, &row, &axes, |lower, x, axis| lower.max(x, axis)),
        Reduction::Min => {
            let negative = lower.map(Scalar::Neg, &[&row]).expect("a number");
            let largest = fold_axes(lower, &negative, &axes, |lower, x, axis| lower.max(x, axis));
            lower.map(Scalar::Neg, &[&largest]).expect("a number")
        }
        Reduction::Median => median(lower, &row, &axes, keep.as_ref(), count),
    };
    let names: Vec<_> =
        row.names.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, it)| it.clone()).collect();
    Ok(Value::Tensor(Tensor { names, ..reduced }))
}

/// A condition that says of each place along the axes whether it counts, for all that stands there. Another is as it is.
fn along(lower: &mut Lower, condition: Tensor, tensor: &Tensor, axes: &[usize]) -> Tensor {
    let fits = condition.shape.iter().eq(axes.iter().map(|&axis| &tensor.shape[axis]));
    if !fits || axes.is_empty() || axes.len() == tensor.shape.len() {
        return condition;
    }
    let (lead, mut id, mut names) = (condition.lead, condition.id, condition.names);
    for (axis, &extent) in tensor.shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)) {
        id = lower.graph.expand(id, lead.len() + axis, extent);
        names.insert(axis, AxisName::default());
    }
    Tensor { names, ..lower.tensor(id, lead) }
}

/// `max(a, b)` of two, or the largest of one.
pub(super) fn extreme(lower: &mut Lower, arguments: Arguments, scalar: Scalar, reduction: Reduction) -> Outcome<Value> {
    let positional = arguments.all.iter().filter(|given| given.name.is_none()).count();
    if positional == 2 && arguments.all.len() == 2 {
        let values = arguments.all.into_iter().map(|given| (given.value.settled(), given.span)).collect();
        return lower.apply_scalar(scalar, values, arguments.span);
    }
    reduce(lower, arguments, reduction)
}

fn fold_axes(
    lower: &mut Lower,
    row: &Tensor,
    axes: &[usize],
    fold: impl Fn(&mut Lower, &Tensor, usize) -> Tensor,
) -> Tensor {
    axes.iter().rev().fold(row.clone(), |x, &axis| fold(lower, &x, axis))
}

/// The mean of the two middle places of the sorted row. What is masked is NaN, and stands last.
pub(super) fn median(lower: &mut Lower, row: &Tensor, axes: &[usize], keep: Option<&Tensor>, count: usize) -> Tensor {
    let others: Vec<usize> = (0..row.shape.len()).filter(|axis| !axes.contains(axis)).collect();
    let rest: Vec<usize> = others.iter().map(|&axis| row.shape[axis]).collect();
    let flat = |lower: &mut Lower, x: &Tensor| {
        let moved = lower.permute(x, &[&others[..], axes].concat());
        lower.reshape(&moved, &[&rest[..], &[count]].concat())
    };
    let line = flat(lower, row);
    let rank = lower.graph.shape(line.id).len();
    let order = lower.graph.order(line.id, rank - 1);
    let sorted = lower.graph.gather(line.id, order, rank - 1, rank - 1);
    let line_shape = lower.graph.shape(line.id).to_vec();
    let there = match keep {
        None => {
            let id = lower.graph.constant(count as f32, &line_shape[..rank - 1]);
            lower.tensor(id, line.lead.clone())
        }
        Some(mask) => {
            let number = lower.map(Scalar::ToF32, &[mask]).expect("a cast");
            let id = lower.spread(&number, &row.lead, &row.shape);
            let full = lower.tensor(id, row.lead.clone());
            let full = flat(lower, &full);
            lower.sum(&full, rest.len())
        }
    };
    let half = lower.constant(0.5, Dtype::F32);
    let one = lower.constant(1.0, Dtype::F32);
    let last = lower.map(Scalar::Sub, &[&there, &one]).expect("one shape");
    let middle = lower.map(Scalar::Mul, &[&last, &half]).expect("one shape");
    let mut ends = Vec::new();
    for round in [Scalar::Floor, Scalar::Ceil] {
        let place = lower.map(round, &[&middle]).expect("a number");
        let place = lower.map(Scalar::ToI32, &[&place]).expect("a cast");
        let id = lower.graph.gather(sorted, place.id, rank - 1, rank - 1);
        ends.push(lower.tensor(id, line.lead.clone()));
    }
    let sum = lower.map(Scalar::Add, &[&ends[0], &ends[1]]).expect("one shape");
    lower.map(Scalar::Mul, &[&sum, &half]).expect("one shape")
}
