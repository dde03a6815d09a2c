//! Several labels in one cell: `action;drama`, or a list of JSON.

use std::borrow::Cow;

use serde_json::Value;

use super::cells::{Bad, Cell};
use super::classes::Classes;
use crate::model::program::SetCell;

/// What stands between labels in files that people have.
const SEPARATORS: [&str; 5] = ["|", ";", ",", "/", " "];

/// The labels in the text of a cell, without the spaces around them. Between two separators stands one, be it empty.
pub fn labels<'t>(text: &'t str, separator: &str) -> Vec<Cow<'t, str>> {
    let text = text.trim();
    if text.is_empty() {
        return vec![];
    }
    if let Some(items) = listed(text) {
        return items.into_iter().map(Cow::Owned).collect();
    }
    let parts = text.split(separator).map(str::trim);
    let spaced = separator.trim().is_empty();
    parts.filter(|part| !(spaced && part.is_empty())).map(Cow::Borrowed).collect()
}

/// The texts and numbers of a list of JSON.
fn listed(text: &str) -> Option<Vec<String>> {
    let items: Vec<Value> = text.starts_with('[').then(|| serde_json::from_str(text).ok())??;
    let label = |item| match item {
        Value::String(label) => Some(label.trim().to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    items.into_iter().map(label).collect()
}

/// Turns on the labels that a cell names. Gives back what it does not name, and why.
pub fn read<'c>(
    cell: Cell<'c>,
    set: &SetCell,
    classes: &Classes,
    row: &mut [f32],
) -> Result<(), (Bad, Option<Cow<'c, str>>)> {
    let mut turn_on = |cell: Cell| match classes.place(cell) {
        Some(place) => {
            row[place] = 1.0;
            true
        }
        None if set.labels.open => {
            row[set.labels.declared] = 1.0;
            true
        }
        None => false,
    };
    match cell {
        Cell::Missing if set.labels.optional => {
            row[set.labels.values() - 1] = 1.0;
            Ok(())
        }
        Cell::Missing if set.empty => Ok(()),
        Cell::Missing => Err((Bad::Missing, None)),
        Cell::Number(_) if turn_on(cell) => Ok(()),
        Cell::Number(_) => Err((Bad::UnknownClass, None)),
        Cell::Text(text) => {
            let stranger = labels(text, &set.separator).into_iter().find(|label| !turn_on(Cell::Text(label)));
            stranger.map_or(Ok(()), |label| Err((Bad::UnknownClass, Some(label))))
        }
    }
}

/// What seems to stand between the labels of such cells, if that is something else than `separator`.
pub fn other_separator<'t>(
    cells: impl Iterator<Item = &'t str> + Clone,
    separator: &str,
    classes: &Classes,
) -> Option<&'static str> {
    let fits = |other: &&&str| {
        let mut several = cells.clone().map(|cell| labels(cell, other)).filter(|all| all.len() > 1).peekable();
        several.peek().is_some() && several.flatten().all(|label| classes.place(Cell::Text(&label)).is_some())
    };
    SEPARATORS.iter().filter(|it| **it != separator).find(fits).copied()
}
