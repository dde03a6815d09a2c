//! Pictures in files: `decode`, and what is done before their pixels are numbers. In the graph they are the column alone:
//! whoever reads the data does these steps.

use super::*;
use crate::model::program::{CellType, PictureStep};
use crate::problem::values::{DecodesNoFile, PictureStepLate};
use crate::tensor::{Op, Slot};

/// Channels that a picture can be decoded to: grey, colour, colour with opacity.
const CHANNELS: [usize; 3] = [1, 3, 4];

/// The column, by its place among those of the formula, that a tensor is as it is.
pub(super) fn column_of(lower: &Lower, tensor: &Tensor) -> Option<usize> {
    let columns = lower.columns.as_ref()?;
    match lower.graph[tensor.id].op {
        Op::Input(Slot::Feed(at)) if (at as usize) < columns.plans.len() => Some(at as usize),
        _ => None,
    }
}

pub(super) fn decode(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let span = arguments.span;
    let [file] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(file.value, file.span)?;
    let at = lower.blame(span);
    let column = column_of(lower, &tensor);
    let ty_at = lower.columns.as_ref().map(|columns| columns.declared());
    let channels = tensor.shape.get(2).copied();
    let fits = tensor.meaning == Meaning::Image && tensor.shape.len() == 3;
    let Some(column) = column.filter(|_| fits && channels.is_some_and(|it| CHANNELS.contains(&it))) else {
        let channels = channels.filter(|_| fits && column.is_some());
        return Err(lower.report(DecodesNoFile { channels, at, ty_at }));
    };
    let plan = &mut lower.columns.as_mut().expect("it has the column").plans[column];
    if !matches!(plan.cell, CellType::Picture(_)) {
        plan.cell = CellType::Picture(vec![]);
    }
    Ok(Value::Tensor(tensor))
}

/// Adds a step to the picture that stands here as it was decoded.
fn step(lower: &mut Lower, name: &'static str, picture: Given, span: Span, step: PictureStep) -> Outcome<Value> {
    let tensor = lower.tensor_of(picture.value, picture.span)?;
    let column = column_of(lower, &tensor);
    let plan = column.and_then(|at| lower.columns.as_mut().map(|columns| &mut columns.plans[at]));
    match plan.map(|plan| &mut plan.cell) {
        Some(CellType::Picture(steps)) => {
            steps.push(step);
            Ok(Value::Tensor(tensor))
        }
        _ => {
            let at = lower.blame(span);
            Err(lower.report(PictureStepLate { step: name.to_string(), at }))
        }
    }
}

/// Two sides, of which the second is as long as the first where it is not given.
fn sides(lower: &mut Lower, name: &'static str, mut all: Vec<Given>, span: Span) -> Outcome<(Given, [usize; 2])> {
    if all.len() == 2 {
        all.push(all[1].clone());
    }
    let arguments = Arguments { name, all, span };
    let [picture, height, width] = arguments.exactly::<3>(lower)?;
    let sides = [lower.constant_size(&height)?, lower.constant_size(&width)?];
    Ok((picture, sides))
}

pub(super) fn resize(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [side] = arguments.named(lower, ["side"])?;
    let (name, span) = (arguments.name, arguments.span);
    let Some(side) = side else {
        let (picture, sides) = sides(lower, name, arguments.all, span)?;
        return step(lower, name, picture, span, PictureStep::Resize(sides));
    };
    if !matches!(&side.value, Value::Word(word) if &**word == "short") {
        return Err(lower.not_a("`short`", &side.value, side.span));
    }
    let [picture, size] = arguments.exactly::<2>(lower)?;
    let size = lower.constant_size(&size)?;
    step(lower, name, picture, span, PictureStep::Short(size))
}

pub(super) fn center_crop(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    let (name, span) = (arguments.name, arguments.span);
    let (picture, sides) = sides(lower, name, arguments.all, span)?;
    step(lower, name, picture, span, PictureStep::CenterCrop(sides))
}
