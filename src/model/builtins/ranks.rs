//! Ranks: the place of each example's number among those of the whole batch.

use super::Arguments;
use crate::model::lower::{Lower, Outcome};
use crate::model::types::describe;
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::scalar::{Dtype, Scalar};
use crate::tensor::View;

/// How many examples of the batch, of those where the condition holds, have at most this number.
///
/// An order of numbers keeps equal ones as they were. So each number's place among those counted with all behind them,
/// less its place among all, is the count of those that are not larger. What is not counted is infinite, and stands last.
pub(super) fn rank(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [over, condition] = arguments.named(lower, ["over", "where"])?;
    let (name, span) = (arguments.name, arguments.span);
    let [given] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(given.value, given.span)?;
    let at = lower.blame(given.span);
    match over.as_ref().map(|it| (&it.value, it.span)) {
        Some((Value::Word(word), span)) if matches!(&**word, "batch" | "rows") => lower.may_cross(name, word, span)?,
        Some((other, span)) => return Err(lower.not_a("`batch`", other, span)),
        None => {
            let (wanted, found, at) = ("`over: batch`".into(), "no `over`".into(), lower.blame(span));
            return Err(lower.report(WrongKind { wanted, found, at, help: None }));
        }
    }
    if tensor.optional {
        let (callee, input, declared) = (format!("`{name}`"), "the operand".to_string(), lower.blame(span));
        return Err(lower.report(OptionalAsPresent { callee, input, is_class: tensor.is_class(), at, declared }));
    }
    if lower.dtype(&tensor) != Dtype::F32 {
        let (wanted, found) = ("numbers of type f32".into(), describe(&tensor));
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    }
    lower.crossing = true;
    let row = lower.bring_in(&tensor.plain(), BATCH);
    let mut counted = row.clone();
    let mut most = lower.constant(row.shape[0] as f64, Dtype::F32);
    if let Some(condition) = condition {
        let mask = lower.tensor_of(condition.value, condition.span)?;
        let mask = lower.bring_in(&mask, BATCH);
        let infinite = lower.constant(f64::INFINITY, Dtype::F32);
        match lower.map(Scalar::Select, &[&mask, &row, &infinite]) {
            Some(masked) if masked.shape == row.shape => {
                lower.meet("where:", &[&mask, &row], span)?;
                counted = masked;
            }
            _ => {
                let at = lower.blame(span);
                let (left, right) = (describe(&mask), describe(&row));
                return Err(lower.report(ShapeMismatch { operation: "where:".into(), left, right, at, help: None }));
            }
        }
        let there = lower.map(Scalar::ToF32, &[&mask]).expect("a cast");
        most = lower.sum(&there, 0);
    }
    let count = row.shape[0];
    let both = lower.concat(&[counted, row.clone()], 0);
    let alone = lower.spread(&row, &both.lead, &row.shape);
    let axis = both.lead.len();
    let mut place = |x| {
        let order = lower.graph.order(x, axis);
        lower.graph.order(order, axis)
    };
    let (among, own) = (place(both.id), place(alone));
    let among = lower.graph.view(View::Slice { axis, start: count, step: 1, len: count }, among);
    let [among, own] = [among, own].map(|id| {
        let id = lower.graph.map(Scalar::ToF32, &[id]);
        lower.tensor(id, both.lead.clone())
    });
    let below = lower.map(Scalar::Sub, &[&among, &own]).expect("one shape");
    // An infinite number is not larger than what is not counted.
    let below = lower.map(Scalar::Min, &[&below, &most]).expect("one shape");
    Ok(Value::Tensor(lower.lift(&Tensor { names: row.names, ..below }, BATCH)))
}
