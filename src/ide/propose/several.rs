//! Columns whose cells are lists of few words: which words, and what stands between them.

use std::collections::BTreeMap;

use super::column::Column;
use crate::data::labels::labels;
use crate::model::program::SEPARATOR;

/// The labels of a column that is a set.
#[derive(Clone, PartialEq, Debug)]
pub struct Several {
    /// In the order of their letters.
    pub words: Vec<String>,
    /// `None` where it is what a set has without saying so.
    pub separator: Option<&'static str>,
    pub holes: bool,
}

/// What people write between words, the surest first. Spaces and hyphens stand within words, too.
const SEPARATORS: [&str; 3] = ["|", SEPARATOR, ","];
/// The most labels, and the most letters of one.
const MOST_LABELS: usize = 40;
const MOST_LETTERS: usize = 30;
/// How often a label occurs at the least, on the average.
const OFTEN: usize = 3;

/// Whether the cells are lists, and the reason for it.
pub fn several(column: &Column) -> Option<(Several, String)> {
    if column.numbers.is_some() || column.dates || column.shape.is_some() {
        return None;
    }
    SEPARATORS.iter().find_map(|separator| lists(column, separator))
}

fn lists(column: &Column, separator: &'static str) -> Option<(Several, String)> {
    let (mut counts, mut first, mut later) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut long, mut cells, mut json) = (0, 0, 0);
    for text in column.cells.iter().flatten() {
        let all = labels(text, separator);
        let twice = (1..all.len()).any(|at| all[..at].contains(&all[at]));
        if twice || all.iter().any(|label| label.is_empty() || label.chars().count() > MOST_LETTERS) {
            return None;
        }
        cells += 1;
        long += usize::from(all.len() > 1);
        json += usize::from(text.trim_start().starts_with('['));
        for (at, label) in all.into_iter().enumerate() {
            let label = label.into_owned();
            *if at == 0 { &mut first } else { &mut later }.entry(label.clone()).or_insert(0) += 1;
            *counts.entry(label).or_insert(0) += 1;
        }
        if counts.len() > MOST_LABELS {
            return None;
        }
    }
    // A name and a first name, a town and its country have their places; the words of a list stand now here, now there.
    let moves = first.keys().any(|label| later.contains_key(label));
    let often = counts.values().sum::<usize>() >= OFTEN * counts.len();
    if long < 2 || long * 10 < cells || !moves || !often || counts.len() < 2 {
        return None;
    }
    let is_json = json == cells;
    let missing = column.missing();
    let words: Vec<String> = counts.into_keys().collect();
    let holes = if missing > 0 { format!(", {missing} missing") } else { String::new() };
    let between = if is_json { String::new() } else { format!(", {separator:?} between them") };
    let reason = format!("lists of {} words{between}, in {cells} rows{holes}", words.len());
    let separator = Some(separator).filter(|it| !is_json && *it != SEPARATOR);
    Some((Several { words, separator, holes: missing > 0 }, reason))
}
