//! How a text becomes tokens, and which rows stand side by side in a window. In the graph both are the column alone: whoever
//! reads the data goes by this.

use super::pictures::column_of;
use super::*;
use crate::model::program::{CellType, TokenCell, Units, Window};
use crate::problem::sequences::{CutsNoText, WindowMisplaced};

/// The cell of the column that stands here as it is, if it becomes tokens.
fn cell<'l>(lower: &'l mut Lower, tensor: &Tensor) -> Option<&'l mut TokenCell> {
    let at = column_of(lower, tensor)?;
    match &mut lower.columns.as_mut()?.plans[at].cell {
        CellType::Tokens(cell) if cell.length.is_some() => Some(cell),
        _ => None,
    }
}

/// Changes how the text of a cell becomes tokens.
fn step(lower: &mut Lower, arguments: Arguments, change: impl Fn(&mut TokenCell)) -> Outcome<Value> {
    let (step, span) = (arguments.name, arguments.span);
    let [text] = arguments.exactly::<1>(lower)?;
    let tensor = lower.tensor_of(text.value, text.span)?;
    match cell(lower, &tensor) {
        Some(cell) => {
            change(cell);
            Ok(Value::Tensor(tensor))
        }
        None => {
            let at = lower.blame(span);
            let ty_at = lower.columns.as_ref().map(|columns| columns.declared());
            Err(lower.report(CutsNoText { step, at, ty_at }))
        }
    }
}

pub(super) fn lower_case(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    step(lower, arguments, |cell| cell.lower = true)
}

pub(super) fn words(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    step(lower, arguments, |cell| cell.units = Some(Units::Words))
}

pub(super) fn chars(lower: &mut Lower, arguments: Arguments) -> Outcome<Value> {
    step(lower, arguments, |cell| cell.units = Some(Units::Chars))
}

pub(super) fn window(lower: &mut Lower, mut arguments: Arguments) -> Outcome<Value> {
    let [offset] = arguments.named(lower, ["offset"])?;
    let span = arguments.span;
    let [rows, length] = arguments.exactly::<2>(lower)?;
    let tensor = lower.tensor_of(rows.value, rows.span)?;
    let length = lower.constant_size(&length)?;
    let offset = offset.map_or(Ok(0), |offset| lower.places("offset", &offset))?;
    let at = lower.blame(span);
    match &mut lower.columns {
        Some(columns) if columns.window.is_none() => {
            columns.window = Some((Window { length, offset, span: at }, tensor.id));
            Ok(Value::Tensor(tensor))
        }
        _ => Err(lower.report(WindowMisplaced { at })),
    }
}
