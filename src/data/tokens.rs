//! Tokens: the words or characters of texts, the vocabulary that the training rows give, and the numbers of its tokens.

use rustc_hash::FxHashMap;
use unicode_segmentation::UnicodeSegmentation;

use super::cells::{Cell, tidy};
use super::frame::{Column, Frame};
use crate::model::program::{ColumnPlan, FieldPlan, TokenCell, Units};
use crate::problem::Problem;
use crate::problem::data::Shown;
use crate::problem::sequences::{UnknownTokens, VocabularyFull};
use crate::tensor::Array;

/// What stands where a text is shorter, and for what is none of the vocabulary.
const PADDING: [&str; 2] = ["none", "other"];

/// The tokens of a column by their numbers.
pub struct Vocabulary {
    places: FxHashMap<String, i32>,
    /// What any other is, where there is room for it.
    other: Option<i32>,
}

impl Vocabulary {
    /// `own` are the tokens of the training rows, in their order.
    pub fn new(cell: &TokenCell, own: &[String]) -> Vocabulary {
        let first = first(cell);
        let other = match cell.length {
            Some(_) => Some(1),
            None => (own.len() < cell.values).then_some(own.len() as i32),
        };
        Vocabulary { places: own.iter().cloned().zip(first..).collect(), other }
    }

    fn place(&self, token: &str) -> Option<i32> {
        self.places.get(token).copied().or(self.other)
    }
}

/// The number of the first token that is of the vocabulary.
fn first(cell: &TokenCell) -> i32 {
    if cell.length.is_some() { PADDING.len() as i32 } else { 0 }
}

/// How many tokens a vocabulary can have.
pub fn room(cell: &TokenCell) -> usize {
    cell.values - first(cell) as usize
}

/// What the values of a field are called, from 0. There may be more of them than tokens in the training rows.
pub fn names(padded: bool, values: usize, own: &[String]) -> Vec<String> {
    let padding = PADDING.iter().filter(|_| padded).map(|it| it.to_string());
    let mut names: Vec<String> = padding.chain(own.iter().cloned()).collect();
    if names.len() < values {
        names.push(if padded { "unused".into() } else { "other".to_string() });
    }
    names.resize(values, "unused".into());
    names
}

/// What stands between tokens in a text: nothing between characters, a space between words.
pub fn between(own: &[String]) -> &'static str {
    if own.iter().all(|token| token.chars().nth(1).is_none()) { "" } else { " " }
}

/// Calls `each` with the tokens of a cell, in order.
fn pieces(cell: &TokenCell, text: &str, mut each: impl FnMut(&str)) {
    let small = cell.lower.then(|| text.to_lowercase());
    let text = small.as_deref().unwrap_or(text);
    let mut buffer = [0; 4];
    match cell.units {
        None => each(text),
        Some(Units::Words) => text.unicode_words().for_each(each),
        Some(Units::Chars) => text.chars().for_each(|letter| each(letter.encode_utf8(&mut buffer))),
    }
}

/// Calls `each` with the text of a row, if there is one.
fn with_text(column: &Column, row: usize, mut each: impl FnMut(&str)) {
    match column.cell(row, 0) {
        Cell::Missing => {}
        Cell::Text(text) => each(text),
        Cell::Number(value) => each(&tidy(value)),
    }
}

/// The vocabulary of some rows: the most frequent tokens first, of equals the one whose characters come first. Whole cells, which
/// follow one another in windows, are in the order of their characters, and all of them have to find room.
pub fn fit(
    field: &FieldPlan,
    plan: &ColumnPlan,
    cell: &TokenCell,
    frame: &Frame,
    place: usize,
    rows: &[usize],
) -> Result<Vec<String>, Problem> {
    let column = frame.column(place);
    let mut counts: FxHashMap<String, u64> = FxHashMap::default();
    for &row in rows {
        with_text(column, row, |text| {
            pieces(cell, text, |token| match counts.get_mut(token) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(token.to_string(), 1);
                }
            });
        });
    }
    let mut found: Vec<(String, u64)> = counts.into_iter().collect();
    let room = room(cell);
    if cell.length.is_none() {
        found.sort_unstable();
        if found.len() > room {
            let (column, shown, at) = (super::selected(plan), frame.shown.clone(), field.ty_span);
            return Err(VocabularyFull { column, shown, room, found: found.len(), at }.into());
        }
    } else {
        found.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        found.truncate(room);
    }
    Ok(found.into_iter().map(|it| it.0).collect())
}

/// The tokens of every row: `[rows, length]`, or `[rows]` where each cell is a token.
pub fn read(
    field: &FieldPlan,
    plan: &ColumnPlan,
    cell: &TokenCell,
    frame: &Frame,
    place: usize,
    own: &[String],
) -> Result<Array, Problem> {
    let (vocabulary, column) = (Vocabulary::new(cell, own), frame.column(place));
    let width = cell.length.unwrap_or(1);
    let mut values = vec![0; frame.rows * width];
    let (mut strangers, mut count) = (vec![], 0);
    for (row, values) in values.chunks_exact_mut(width).enumerate() {
        let mut values = values.iter_mut();
        with_text(column, row, |text| {
            pieces(cell, text, |token| {
                let Some(value) = values.next() else { return };
                match vocabulary.place(token) {
                    Some(place) => *value = place,
                    None => {
                        count += 1;
                        if strangers.len() < Shown::MOST {
                            strangers.push(Shown { spot: frame.places.spot(row, place), text: token.to_string() });
                        }
                    }
                }
            });
        });
        // A missing cell among those that follow one another is a token that nobody knows.
        if let (None, Some(value)) = (cell.length, values.next())
            && column.cell(row, 0) == Cell::Missing
        {
            match vocabulary.other {
                Some(other) => *value = other,
                None => {
                    count += 1;
                    if strangers.len() < Shown::MOST {
                        strangers.push(Shown { spot: frame.places.spot(row, place), text: String::new() });
                    }
                }
            }
        }
    }
    if count > 0 {
        let (column, shown, values) = (super::selected(plan), frame.shown.clone(), cell.values);
        let (at, ty_at) = (plan.span, field.ty_span);
        return Err(UnknownTokens { column, shown, values, cells: strangers, count, at, ty_at }.into());
    }
    let shape: Vec<usize> = std::iter::once(frame.rows).chain(cell.length).collect();
    Ok(Array::i32(&shape, values))
}
