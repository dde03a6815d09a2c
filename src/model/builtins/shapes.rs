//! The same values in another shape.

use super::Arguments;
use crate::model::lower::{Lower, Outcome};
use crate::model::types::{describe, dims};
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::tensor::View;

pub(super) fn reshape(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let at = lower.blame(arguments.span);
    let [like] = arguments.named(lower, ["like"])?;
    let (x, to) = match like {
        Some(like) => {
            let [x] = arguments.exactly::<1>(lower)?;
            (x, lower.tensor_of(like.value, like.span)?.shape)
        }
        None => {
            let [x, shape] = arguments.exactly::<2>(lower)?;
            (x, lower.sizes(&shape)?)
        }
    };
    let tensor = lower.tensor_of(x.value, x.span)?;
    let (has, wants) = (tensor.shape.iter().product::<usize>(), to.iter().product::<usize>());
    if has != wants {
        let (from, to) = (describe(&tensor), dims(&to));
        return Err(lower.report(ElementCount { from, to, has, wants, at }));
    }
    Ok(Value::Tensor(lower.reshape(&tensor, &to)))
}

pub(super) fn permute(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [x, order] = arguments.exactly::<2>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let Value::List(items) = order.value.settled() else {
        let at = lower.blame(order.span);
        let (wanted, found) = ("a list of axes".into(), "one axis".into());
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    };
    let mut axes = Vec::new();
    for item in &items {
        axes.push(lower.axis_of(&tensor, item, order.span)?);
    }
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    if sorted != (0..tensor.shape.len()).collect::<Vec<_>>() {
        let (wanted, found) = (format!("each axis of {} once", describe(&tensor)), "other axes".into());
        let at = lower.blame(order.span);
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    }
    Ok(Value::Tensor(lower.permute(&tensor, &axes)))
}

pub(super) fn transpose(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let at = lower.blame(arguments.span);
    let [x] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let rank = tensor.shape.len();
    if rank < 2 {
        let (wanted, found) = ("two axes".into(), describe(&tensor));
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    }
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 1, rank - 2);
    Ok(Value::Tensor(lower.permute(&tensor, &order)))
}

pub(super) fn expand(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let at = lower.blame(arguments.span);
    let [x, axis, size] = arguments.exactly::<3>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let size = lower.constant_size(&size)?;
    let rank = tensor.shape.len();
    let axis = match axis.value.settled() {
        Value::Number(number) if number.value.fract() == 0.0 && (0.0..=rank as f64).contains(&number.value) => {
            number.value as usize
        }
        Value::Word(word) if &*word == "last" => rank,
        other => return Err(lower.not_a(&format!("an axis from 0 to {rank}"), &other, at)),
    };
    let id = lower.graph.expand(tensor.id, tensor.lead.len() + axis, size);
    let mut names = tensor.names.clone();
    names.insert(axis, AxisName::default());
    let copies = Tensor { names, ..lower.tensor(id, tensor.lead.clone()) };
    // A class stays one in every copy; what stands along an axis, as scores do, may not.
    Ok(Value::Tensor(match tensor.meaning {
        Meaning::Class { .. } => Tensor { meaning: tensor.meaning, optional: tensor.optional, ..copies },
        _ => copies,
    }))
}

pub(super) fn concat(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [axis] = arguments.named(lower, ["axis"])?;
    let span = arguments.span;
    let mut values = Vec::new();
    for given in arguments.all {
        match given.value.settled() {
            Value::List(items) => values.extend(items.into_iter().map(|item| (item, given.span))),
            value => values.push((value, given.span)),
        }
    }
    if values.is_empty() {
        let at = lower.blame(span);
        return Err(lower.report(InputCount { callee: "`concat`".into(), wanted: 2, found: 0, at, declared: at }));
    }
    let tensors = lower.together(values)?;
    let mut parts = Vec::new();
    for tensor in tensors {
        parts.push(if tensor.shape.is_empty() { lower.reshape(&tensor, &[1]) } else { tensor });
    }
    let axis = match axis {
        Some(axis) => lower.axis_of(&parts[0].clone(), &axis.value.settled(), axis.span)?,
        None => 0,
    };
    lower.join_parts(parts, axis, span).map(Value::Tensor)
}

pub(super) fn pad(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [axis, between, with] = arguments.named(lower, ["axis", "between", "with"])?;
    let span = arguments.span;
    let [x, before, after] = arguments.exactly::<3>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?.plain();
    let axis = match axis {
        Some(axis) => lower.axis_of(&tensor, &axis.value.settled(), axis.span)?,
        None => lower.axis_of(&tensor, &Value::Number(Number::size(0)), span)?,
    };
    let before = lower.places("before", &before)?;
    let after = lower.places("after", &after)?;
    let between = between.map_or(Ok(0), |between| lower.places("between", &between))?;
    let extent = before as f64 + after as f64 + tensor.shape[axis] as f64 * (between as f64 + 1.0);
    if extent > 2147483647.0 {
        let (value, at) = (extent.to_string(), lower.blame(span));
        return Err(lower.report(SizeOutOfRange { value, at }));
    }
    let padded = |lower: &mut Lower, x: &Tensor| {
        let padded = lower.view(x, |axis| View::Pad { axis, before, after, between }, axis);
        Tensor { names: tensor.names.clone(), ..padded }
    };
    let zeros = padded(lower, &tensor);
    let Some(with) = with.filter(|it| !matches!(it.value, Value::Number(Number { value: 0.0, .. }))) else {
        return Ok(Value::Tensor(zeros));
    };
    let id = lower.graph.truth(true, &tensor.shape);
    let there = lower.whole(id);
    let there = Value::Tensor(padded(lower, &there));
    lower.select(there, span, Value::Tensor(zeros), x.span, with.value, with.span, span)
}

pub(super) fn split(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [axis] = arguments.named(lower, ["axis"])?;
    let at = lower.blame(arguments.span);
    let [x, parts] = arguments.exactly::<2>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let parts = lower.constant_size(&parts)?;
    let axis = match axis {
        Some(axis) => lower.axis_of(&tensor, &axis.value.settled(), axis.span)?,
        None => lower.axis_of(&tensor, &Value::Word("last".into()), at)?,
    };
    if tensor.shape[axis] % parts != 0 {
        return Err(lower.report(InexactDivision { at, used: at }));
    }
    let len = tensor.shape[axis] / parts;
    let mut items = Vec::new();
    for part in 0..parts {
        let sliced = lower.view(&tensor, |axis| View::Slice { axis, start: part * len, step: 1, len }, axis);
        items.push((None, Value::Tensor(Tensor { names: tensor.names.clone(), ..sliced })));
    }
    Ok(Value::Tuple(items))
}

pub(super) fn unstack(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [axis] = arguments.named(lower, ["axis"])?;
    let [x] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    let (axis, at) = match axis {
        Some(axis) => (axis.value.settled(), axis.span),
        None => (Value::Number(Number::size(0)), x.span),
    };
    let axis = lower.axis_of(&tensor, &axis, at)?;
    let mut shape = tensor.shape.clone();
    let mut names = tensor.names.clone();
    names.remove(axis);
    let parts = shape.remove(axis);
    let mut items = Vec::new();
    for part in 0..parts {
        let sliced = lower.view(&tensor, |axis| View::Slice { axis, start: part, step: 1, len: 1 }, axis);
        items.push((None, Value::Tensor(Tensor { names: names.clone(), ..lower.reshape(&sliced, &shape) })));
    }
    Ok(Value::Tuple(items))
}

pub(super) fn size(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [x] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(x.value, x.span)?;
    Ok(Value::Number(Number::size(tensor.shape.iter().product())))
}
