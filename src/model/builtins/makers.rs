//! Tensors from sizes, indices and chance, and layers from layers.

use super::Arguments;
use crate::model::lower::{Lower, Outcome};
use crate::model::types::describe;
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::values::*;
use crate::scalar::{Dtype, Scalar};
use crate::syntax::tree::Kind;
use crate::tensor::Draw;

pub(super) fn filled(lower: &mut Lower, arguments: Arguments, value: f64) -> Outcome<Value> {
    if arguments.all.is_empty() {
        return Ok(Value::Number(Number::real(value)));
    }
    let [shape] = arguments.exactly::<1>(lower)?;
    let shape = lower.sizes(&shape)?;
    let id = lower.graph.constant(value as f32, &shape);
    Ok(Value::Tensor(lower.whole(id)))
}

pub(super) fn positions(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [n] = arguments.exactly::<1>(lower)?;
    let values = lower.constant_size(&n)?;
    let id = lower.graph.index(0, &[values]);
    Ok(Value::Tensor(Tensor { meaning: Meaning::Class { values, ordered: false, padded: false }, ..lower.whole(id) }))
}

pub(super) fn one_hot(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let [y, n] = arguments.exactly::<2>(lower)?;
    let n = lower.constant_size(&n)?;
    let index = lower.tensor_of(y.value, y.span)?.plain();
    if lower.dtype(&index) != Dtype::I32 {
        let (wanted, found, at) = ("a class or an index".into(), describe(&index), lower.blame(y.span));
        return Err(lower.report(WrongKind { wanted, found, at, help: None }));
    }
    let id = lower.graph.expand(index.id, lower.graph.shape(index.id).len(), n);
    let spread = lower.tensor(id, index.lead.clone());
    let shape = lower.graph.shape(id).to_vec();
    let place = lower.graph.index(shape.len() - 1, &shape);
    let same = lower.graph.map(Scalar::Equal, &[spread.id, place]);
    let id = lower.graph.map(Scalar::ToF32, &[same]);
    let names = index.names.iter().cloned().chain([AxisName::default()]).collect();
    Ok(Value::Tensor(Tensor { names, ..lower.tensor(id, index.lead) }))
}

/// A draw with the shape of the parameter that starts as it.
pub(super) fn draw(lower: &mut Lower, arguments: Arguments, draw: Draw) -> Outcome<Value> {
    let (name, span) = (arguments.name, arguments.span);
    let [a, b] = arguments.exactly::<2>(lower)?;
    let Some(shape) = lower.hint.clone() else {
        let at = lower.blame(span);
        let (wanted, found) = ("a formula".into(), format!("`{name}`"));
        let help = Some(format!(
            "a draw stands where a parameter starts (`param w: f32[4] ~ {name}(0, 1)`); in a formula write `noise({name}, like: x)`"
        ));
        return Err(lower.report(WrongKind { wanted, found, at, help }));
    };
    let site = lower.site();
    let id = lower.graph.random(draw, site, &shape);
    let drawn = Value::Tensor(lower.whole(id));
    let (low, second) = (a.value.settled(), b.value.settled());
    let width = match draw {
        Draw::Uniform => lower.elementwise_two(Scalar::Sub, second, b.span, low.clone(), a.span, span)?,
        Draw::Normal => second,
    };
    let scaled = lower.elementwise_two(Scalar::Mul, drawn, span, width, b.span, span)?;
    lower.elementwise_two(Scalar::Add, scaled, span, low, a.span, span)
}

pub(super) fn noise(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [like, always] = arguments.named(lower, ["like", "always"])?;
    let span = arguments.span;
    let [kind] = arguments.exactly::<1>(lower)?;
    let (draw, mean) = match &kind.value {
        Value::Callable(callee) if callee.name() == "uniform" => (Draw::Uniform, 0.5),
        Value::Callable(callee) if callee.name() == "normal" => (Draw::Normal, 0.0),
        other => return Err(lower.not_a("`uniform` or `normal`", other, kind.span)),
    };
    if lower.columns.is_some() {
        let at = lower.blame(span);
        return Err(lower.report(NoiseInField { at }));
    }
    let like = match like {
        Some(like) => lower.tensor_of(like.value, like.span)?,
        // One number for each example, where there are examples.
        None if lower
            .definitions
            .iter()
            .any(|it| matches!(it.kind, Kind::Augmentation | Kind::Layer | Kind::Model)) =>
        {
            let id = lower.graph.constant(0.0, &[lower.setting.batch]);
            lower.tensor(id, vec![BATCH])
        }
        None => {
            let (callee, name, at) = ("`noise`".into(), "like".into(), lower.blame(span));
            return Err(lower.report(ArgumentMissing { callee, name, at, declared: None }));
        }
    };
    let always = matches!(always.map(|given| given.value), Some(Value::Bool(true)));
    let shape = lower.graph.shape(like.id).to_vec();
    let id = if lower.setting.training || always {
        let site = lower.site();
        lower.graph.random(draw, site, &shape)
    } else {
        lower.graph.constant(mean, &shape)
    };
    Ok(Value::Tensor(Tensor { names: like.names.clone(), ..lower.tensor(id, like.lead.clone()) }))
}

pub(super) fn repeat(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let span = arguments.span;
    let [times, layer] = arguments.exactly::<2>(lower)?;
    let times = lower.constant_size(&times)?;
    match layer.value {
        Value::Callable(layer) => {
            let what = What::Repeat { times, layer };
            Ok(Value::Callable(std::rc::Rc::new(Callee { what, given: vec![], span })))
        }
        other => Err(lower.not_a("a layer", &other, layer.span)),
    }
}

pub(super) fn column(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let (name, span) = (arguments.name, arguments.span);
    let [text] = arguments.exactly::<1>(lower)?;
    let Value::Text(pattern) = &text.value else {
        return Err(lower.not_a("a column's name in quotes", &text.value, text.span));
    };
    if lower.columns.is_none() {
        let at = lower.blame(span);
        return Err(lower.report(ColumnOutsideData { name, at }));
    }
    if name == "columns" { lower.column_pattern(pattern, text.span) } else { lower.column(pattern, text.span) }
        .map(Value::Tensor)
}
