//! What a cell may hold, type by type, and how it becomes a number.

use std::fmt::{Debug, Display};
use std::sync::Arc;

use super::classes::Classes;
use super::files::Files;
use super::frame::{Column, Frame, Numbers};
use super::labels;
use super::pictures;
use super::trouble::Trouble;
use crate::model::program::{CellType, ColumnPlan, FieldPlan, SetCell};
use crate::problem::Problem;
use crate::tensor::{Array, Dtype};

/// One column plan's values for every row of a frame.
#[derive(Clone)]
pub enum Values {
    Array(Array),
    /// Bytes that become f32 where they are used: `rows` times `shape` of them. They may be those of a frame.
    Bytes {
        shape: Vec<usize>,
        data: Arc<Vec<u8>>,
        of_frame: bool,
    },
}

impl Values {
    /// The bytes that the values take beside the frame.
    pub fn bytes(&self) -> u64 {
        match self {
            Values::Array(array) => array.bytes(),
            Values::Bytes { data, of_frame, .. } => {
                if *of_frame {
                    0
                } else {
                    data.len() as u64
                }
            }
        }
    }

    pub fn rows(&self, rows: &[usize]) -> Array {
        match self {
            Values::Array(array) => array.rows(rows),
            Values::Bytes { shape, data, .. } => {
                let width: usize = shape.iter().product();
                let bytes = rows.iter().flat_map(|&row| &data[row * width..(row + 1) * width]);
                Array::f32(&[&[rows.len()], &shape[..]].concat(), bytes.map(|&byte| f32::from(byte)).collect())
            }
        }
    }
}

/// What stands in one place of a source.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell<'a> {
    Missing,
    Text(&'a str),
    Number(f64),
}

impl<'a> Cell<'a> {
    pub fn text(self) -> Option<&'a str> {
        match self {
            Cell::Text(text) => Some(text),
            Cell::Missing | Cell::Number(_) => None,
        }
    }
}

/// Why a cell does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bad {
    Missing,
    NotNumber,
    /// `NaN`, `inf`
    NotFinite,
    /// Beyond what an f32 or an i32 holds.
    TooLarge,
    NotWhole,
    NotBinary,
    UnknownClass,
}

/// Reads what `plan` wants from the columns at `places`, which fit it. All bad cells of one kind are one problem.
pub fn read(
    field: &FieldPlan,
    plan: &ColumnPlan,
    frame: &Frame,
    places: &[usize],
    classes: Option<&Classes>,
    files: Files,
) -> Result<Values, Vec<Problem>> {
    if let CellType::Picture(steps) = &plan.cell {
        return pictures::read(field, plan, steps, frame, places[0], files);
    }
    let shape = [&[frame.rows], &plan.shape[..]].concat();
    let mut trouble = Trouble::default();
    let array = match (&plan.cell, plan.dtype) {
        (CellType::Array | CellType::Number { .. }, Dtype::F32) => {
            if let Some(bytes) = bytes(plan, frame, places) {
                return Ok(bytes);
            }
            let optional = matches!(plan.cell, CellType::Number { optional: true });
            Array::f32(&shape, collect(frame, places, &mut trouble, |cell| float(cell, optional)))
        }
        (CellType::Number { .. }, Dtype::I32) => Array::i32(&shape, collect(frame, places, &mut trouble, integer)),
        (CellType::Binary { names }, Dtype::F32) => {
            let read = |cell: Cell| binary(cell, names.as_ref()).map(|yes| f32::from(u8::from(yes)));
            Array::f32(&shape, collect(frame, places, &mut trouble, read))
        }
        (CellType::Class(ty), Dtype::I32) => {
            let classes = classes.expect("classes are found before cells are read");
            Array::i32(&shape, collect(frame, places, &mut trouble, |cell| class(cell, ty, classes)))
        }
        (CellType::Set(set), Dtype::F32) => {
            let classes = classes.expect("labels are found before cells are read");
            Array::f32(&shape, sets(frame, places[0], &mut trouble, set, classes))
        }
        (cell, dtype) => unreachable!("{dtype:?} from {cell:?}"),
    };
    trouble.report(field, plan, frame, classes)?;
    Ok(Values::Array(array))
}

/// Bytes are left as they are: images are most of the memory.
fn bytes(plan: &ColumnPlan, frame: &Frame, places: &[usize]) -> Option<Values> {
    let &[place] = places else { return None };
    match frame.column(place) {
        Column::Numbers { data: Numbers::Bytes(bytes), .. } => {
            Some(Values::Bytes { shape: plan.shape.clone(), data: bytes.clone(), of_frame: true })
        }
        _ => None,
    }
}

/// The cells at `places`, row after row. A bad one is written down and stands as the default meanwhile.
fn collect<T: Default>(
    frame: &Frame,
    places: &[usize],
    trouble: &mut Trouble,
    read: impl Fn(Cell) -> Result<T, Bad>,
) -> Vec<T> {
    let mut values = vec![];
    let columns: Vec<&Column> = places.iter().map(|&place| frame.column(place)).collect();
    for row in 0..frame.rows {
        for (column, &place) in columns.iter().zip(places) {
            for element in 0..column.width() {
                let cell = column.cell(row, element);
                values.push(read(cell).unwrap_or_else(|bad| {
                    trouble.note(bad, cell, row, place);
                    T::default()
                }));
            }
        }
    }
    values
}

/// Of each row which labels are on.
fn sets(frame: &Frame, place: usize, trouble: &mut Trouble, set: &SetCell, classes: &Classes) -> Vec<f32> {
    let (column, width) = (frame.column(place), set.labels.values());
    let mut values = vec![0.0; frame.rows * width];
    for (row, on) in values.chunks_exact_mut(width).enumerate() {
        let cell = column.cell(row, 0);
        if let Err((bad, label)) = labels::read(cell, set, classes, on) {
            trouble.note(bad, label.as_deref().map_or(cell, Cell::Text), row, place);
        }
    }
    values
}

fn float(cell: Cell, optional: bool) -> Result<f32, Bad> {
    match cell {
        Cell::Missing if optional => Ok(f32::NAN),
        Cell::Number(value) if value.is_nan() && optional => Ok(f32::NAN),
        _ => {
            let value = number(cell)? as f32;
            if value.is_finite() { Ok(value) } else { Err(Bad::TooLarge) }
        }
    }
}

fn integer(cell: Cell) -> Result<i32, Bad> {
    let value = number(cell)?;
    if value.fract() != 0.0 {
        Err(Bad::NotWhole)
    } else if value < f64::from(i32::MIN) || value > f64::from(i32::MAX) {
        Err(Bad::TooLarge)
    } else {
        Ok(value as i32)
    }
}

/// A decimal number, as people and programs write it: `-1.5e3`, `.5`, `+7`. Nothing else.
pub fn number(cell: Cell) -> Result<f64, Bad> {
    let value = match cell {
        Cell::Missing => return Err(Bad::Missing),
        Cell::Number(value) => value,
        Cell::Text(text) => match text.parse::<f64>() {
            // Rust reads `inf` and `NaN` as well.
            Ok(value) if text.bytes().any(|byte| byte.is_ascii_digit()) => {
                return if value.is_finite() { Ok(value) } else { Err(Bad::TooLarge) };
            }
            Ok(value) => value,
            Err(_) => return Err(Bad::NotNumber),
        },
    };
    if value.is_finite() { Ok(value) } else { Err(Bad::NotFinite) }
}

/// The declared words; without them 0 and 1, `false` and `true`, `no` and `yes`.
fn binary(cell: Cell, names: Option<&[String; 2]>) -> Result<bool, Bad> {
    let text = match cell {
        Cell::Missing => return Err(Bad::Missing),
        Cell::Number(value) if value == 0.0 || value == 1.0 => return Ok(value == 1.0),
        Cell::Number(_) => return Err(Bad::NotBinary),
        Cell::Text(text) => text,
    };
    if let Some([no, yes]) = names {
        return match text {
            _ if text == yes => Ok(true),
            _ if text == no => Ok(false),
            _ => Err(Bad::UnknownClass),
        };
    }
    match number(cell) {
        Ok(0.0) => Ok(false),
        Ok(1.0) => Ok(true),
        _ if ["true", "yes"].iter().any(|word| text.eq_ignore_ascii_case(word)) => Ok(true),
        _ if ["false", "no"].iter().any(|word| text.eq_ignore_ascii_case(word)) => Ok(false),
        _ => Err(Bad::NotBinary),
    }
}

fn class(cell: Cell, ty: &crate::model::program::ClassType, classes: &Classes) -> Result<i32, Bad> {
    match (cell, classes.place(cell)) {
        (Cell::Missing, _) if ty.optional => Ok(ty.values() as i32 - 1),
        (Cell::Missing, _) => Err(Bad::Missing),
        (_, Some(place)) => Ok(place as i32),
        (_, None) if ty.open => Ok(ty.declared as i32),
        (_, None) => Err(Bad::UnknownClass),
    }
}

/// The shortest text that is the number again.
pub fn shortest(value: impl Copy + Into<f64> + Display + Debug) -> String {
    match value.into().abs() {
        0.0 | 1e-5..1e16 => format!("{value}"),
        _ => format!("{value:?}"),
    }
}

/// A number without the noise of binary fractions: `12`, `0.1`, `33.3333`.
pub fn tidy(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
