//! The classes of a column: declared words, the integers from 0, or the words that are found.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::cells::{Cell, number};
use super::frame::Frame;
use super::labels::labels;
use crate::model::program::{CellType, ClassType, ColumnPlan, FieldPlan};
use crate::problem::Problem;
use crate::problem::data::{ClassWords, OrderUnsaid};

/// Names in the order of their indices.
#[derive(Clone, Debug)]
pub struct Classes {
    names: Vec<String>,
    places: FxHashMap<String, usize>,
    /// Whether the names are `0`, `1`, `2` …: then `3.0` is `3`.
    integers: bool,
}

impl Classes {
    pub fn new(names: Vec<String>) -> Classes {
        let places = names.iter().cloned().zip(0..).collect();
        let integers = names.iter().zip(0..).all(|(name, place)| *name == i32::to_string(&place));
        Classes { names, places, integers }
    }

    fn integers(count: usize) -> Classes {
        Classes::new((0..count).map(|it| it.to_string()).collect())
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn are_integers(&self) -> bool {
        self.integers
    }

    /// The index of the class that a cell names.
    pub fn place(&self, cell: Cell) -> Option<usize> {
        let value = match cell {
            Cell::Missing => return None,
            Cell::Text(text) => match self.places.get(text) {
                Some(&place) => return Some(place),
                None if self.integers => number(cell).ok()?,
                None => return None,
            },
            // A source of numbers counts the classes, whatever their names are.
            Cell::Number(value) => value,
        };
        (value.fract() == 0.0 && value >= 0.0 && value < self.names.len() as f64).then_some(value as usize)
    }
}

/// The classes of a column whose names are not declared: the integers below their number, or else exactly as many words,
/// in code-point order. All rows take part, so that the numbering does not depend on the split.
pub fn find(
    field: &FieldPlan,
    plan: &ColumnPlan,
    ty: &ClassType,
    frames: &[(&Frame, &[usize])],
) -> Result<Classes, Problem> {
    if let Some(names) = &ty.names {
        return Ok(Classes::new(names.clone()));
    }
    let integers = Classes::integers(ty.declared);
    let mut words: BTreeSet<Cow<str>> = BTreeSet::new();
    let mut all_integers = true;
    for (frame, places) in frames {
        for column in places.iter().map(|&place| frame.column(place)) {
            for row in 0..frame.rows {
                match column.cell(row, 0) {
                    Cell::Missing => {}
                    // Sources of numbers hold indices; those that are too large are reported with their rows.
                    Cell::Number(_) => return Ok(integers),
                    Cell::Text(text) => {
                        for word in words_of(plan, text) {
                            all_integers &= integers.place(Cell::Text(&word)).is_some();
                            words.insert(word);
                        }
                    }
                }
            }
        }
    }
    if all_integers || ty.open {
        return Ok(integers);
    }
    if words.len() == ty.declared && !ty.ordered {
        return Ok(Classes::new(words.into_iter().map(String::from).collect()));
    }
    // Mostly integers, a few of them too large: they are reported with their rows.
    let inside = words.iter().filter(|text| integers.place(Cell::Text(text)).is_some()).count();
    if 2 * inside > words.len() {
        return Ok(integers);
    }
    let words: Vec<String> = words.into_iter().map(String::from).collect();
    let (field_name, column, shown) = (field.name.clone(), super::selected(plan), frames[0].0.shown.clone());
    let (declared, at, column_at) = (ty.declared, field.ty_span, plan.span);
    Err(match ty.ordered {
        true => OrderUnsaid { field: field_name, column, shown, declared, words, at, column_at }.into(),
        false => {
            let is_set = matches!(plan.cell, CellType::Set(_));
            ClassWords { field: field_name, column, shown, declared, words, is_set, at, column_at }.into()
        }
    })
}

/// The words that a cell names: one, or the labels of a set.
fn words_of<'t>(plan: &ColumnPlan, text: &'t str) -> Vec<Cow<'t, str>> {
    match &plan.cell {
        CellType::Set(set) => labels(text, &set.separator),
        _ => vec![Cow::Borrowed(text)],
    }
}
