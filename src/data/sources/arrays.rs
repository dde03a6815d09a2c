//! What the sources of NumPy's arrays have in common: which arrays are columns, and how they become a frame.

use crate::data::Watch;
use crate::data::args::Args;
use crate::data::array::{Fault, Layout};
use crate::data::files::Found;
use crate::data::frame::{Frame, Head, Heading, Places};
use crate::data::sources::Opened;
use crate::problem::Problem;
use crate::problem::arrays::{ArrayDamaged, ArrayForeign, ArrayMissing};
use crate::problem::data::{NoRows, RowCounts};
use crate::source::nearest;

/// An array in a file, and where its bytes come from.
pub struct Seen<T> {
    pub name: String,
    pub layout: Result<Layout, Fault>,
    pub found: Found,
    pub from: T,
}

/// An array that is a column.
pub struct Chosen<T> {
    /// What the array is called, and what the column is.
    name: String,
    column: String,
    layout: Layout,
    found: Found,
    from: T,
}

/// All bytes of an array, with its heading; else why they cannot be had.
pub type Load = Box<dyn FnOnce() -> Result<Vec<u8>, String>>;

/// What stands in a pattern for any name.
const ANY: char = '*';

/// The arrays that the source asks for, under the names of their columns; all of as many rows. `shown` is where they are from.
pub fn choose<T>(args: &Args, shown: &Found, all: Vec<Seen<T>>) -> Result<Vec<Chosen<T>>, Vec<Problem>> {
    let patterns = args.texts("arrays").unwrap_or(vec!["*"]);
    pick(&patterns, shown, all)
}

/// The same by these patterns.
pub fn pick<T>(patterns: &[&str], shown: &Found, all: Vec<Seen<T>>) -> Result<Vec<Chosen<T>>, Vec<Problem>> {
    let mut problems: Vec<Problem> = vec![];
    for pattern in patterns.iter().filter(|it| **it != "*") {
        if all.iter().all(|array| column(pattern, &array.name).is_none()) {
            let near = nearest(pattern, all.iter().map(|it| it.name.as_str()));
            let known = all.iter().map(|it| it.name.clone()).collect();
            let (pattern, shown, at) = (pattern.to_string(), shown.shown.clone(), shown.span);
            problems.push(ArrayMissing { pattern, shown, near, known, at }.into());
        }
    }
    let mut chosen: Vec<Chosen<T>> = vec![];
    for Seen { name, layout, found, from } in all {
        let Some((pattern, column)) = patterns.iter().find_map(|it| Some((it, column(it, &name)?))) else { continue };
        let layout = layout.and_then(|layout| match layout.extents.is_empty() {
            // Beside the rows a file may say something about them.
            true if pattern.contains(ANY) => Ok(None),
            true => Err(Fault::Foreign("one value, and no rows", "leave it out")),
            false => Ok(Some(layout)),
        });
        match layout {
            Ok(Some(layout)) => chosen.push(Chosen { name, column, layout, found, from }),
            Ok(None) => {}
            Err(fault) => problems.push(faulty(fault, &name, &found)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let Some(first) = chosen.first() else {
        return Err(vec![NoRows { shown: shown.shown.clone(), heading: false, at: shown.span }.into()]);
    };
    let rows = first.layout.extents[0];
    if let Some(other) = chosen.iter().find(|it| it.layout.extents[0] != rows) {
        let (left, right, rights) = (first.name.clone(), other.name.clone(), other.layout.extents[0]);
        // Of two arrays in one file the place is the same.
        let left_at = first.found.span.filter(|at| Some(*at) != other.found.span);
        let right_at = other.found.span;
        return Err(vec![RowCounts { left, lefts: rows, right, rights, left_at, right_at, arrays: true }.into()]);
    }
    if rows == 0 {
        return Err(vec![NoRows { shown: shown.shown.clone(), heading: true, at: shown.span }.into()]);
    }
    Ok(chosen)
}

/// What the column of an array is called that a pattern selects: what the star stands for, or the array's own name.
fn column(pattern: &str, name: &str) -> Option<String> {
    let Some((before, after)) = pattern.split_once(ANY) else { return (pattern == name).then(|| name.to_string()) };
    let inner = name.strip_prefix(before)?.strip_suffix(after)?;
    Some(if inner.is_empty() { name.to_string() } else { inner.to_string() })
}

/// What is wrong with an array, in the words of the catalogue.
pub fn faulty(fault: Fault, array: &str, found: &Found) -> Problem {
    let (array, shown, at) = (array.to_string(), found.shown.clone(), found.span);
    match fault {
        Fault::Damaged(why) => ArrayDamaged { shown, why, at }.into(),
        Fault::Foreign(what, help) => ArrayForeign { array, shown, what, help, at }.into(),
    }
}

pub fn heading<T>(shown: &Found, chosen: &[Chosen<T>]) -> Heading {
    let columns = chosen.iter().map(|it| Head { name: it.column.clone(), shape: it.layout.shape() });
    let rows = chosen.first().map(|it| it.layout.extents[0]);
    Heading { shown: shown.shown.clone(), columns: columns.collect(), rows, complete: true }
}

/// A source of these arrays. Until they are read, so many bytes are held.
pub fn opened(shown: &Found, chosen: Vec<Chosen<Load>>, bytes: u64, hashes: Vec<blake3::Hash>) -> Opened {
    let heading = heading(shown, &chosen);
    let (shown, rows) = (shown.shown.clone(), heading.rows.expect("chosen arrays have rows"));
    let read = move |wanted: &[bool], _: &dyn Watch| {
        let (mut columns, mut problems) = (vec![], vec![]);
        for (Chosen { name, layout, found, from, .. }, &wanted) in chosen.into_iter().zip(wanted) {
            if !wanted {
                columns.push(None);
                continue;
            }
            match from().map_err(Fault::Damaged).and_then(|bytes| layout.column(bytes)) {
                Ok(column) => columns.push(Some(column)),
                Err(fault) => problems.push(faulty(fault, &name, &found)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Frame { shown, columns, rows, places: Places::Numbers, hashes })
    };
    Opened { heading, bytes, read: Box::new(read) }
}
