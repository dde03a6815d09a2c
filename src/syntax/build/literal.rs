//! What numbers, strings and tables mean.

use std::sync::Arc;

use super::{Builder, Pair, Parts};
use crate::problem::syntax::{UnknownEscape, UnknownUnit};
use crate::source::{Near, nearest};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::*;
use crate::syntax::units;

/// Units as people say them, and as they are written.
const SPELT_OUT: [(&str, &str); 8] = [
    ("second", "s"),
    ("sec", "s"),
    ("minute", "min"),
    ("hour", "h"),
    ("percent", "%"),
    ("degree", "deg"),
    ("iteration", "steps"),
    ("update", "steps"),
];

/// The value of a number as written: `1_000`, `2.5`, `1e-3`.
pub(super) fn number(text: &str) -> f64 {
    let digits: String = text.chars().filter(|it| *it != '_').collect();
    digits.parse().unwrap_or_else(|_| panic!("`{text}` is no number, against the grammar"))
}

impl Builder<'_> {
    pub(super) fn quantity(&mut self, pair: Pair) -> ExprKind {
        let mut parts = Parts::of(pair);
        let written = parts.need(Rule::number);
        let value = number(written.as_str());
        let whole = !written.as_str().contains(['.', 'e', 'E']);
        let Some(unit) = parts.maybe(Rule::unit) else {
            return ExprKind::Number(Quantity { value, unit: None, whole });
        };
        let word = unit.as_str();
        if units::is_unit(word) {
            return ExprKind::Number(Quantity { value, unit: Some(word.into()), whole });
        }
        let spelt = SPELT_OUT.iter().find(|it| it.0 == word.trim_end_matches('s')).map(|it| Near::certain(it.1));
        let near = spelt.or_else(|| nearest(word, units::words()).filter(|_| word.chars().count() > 2));
        // `epoks` is as near to `epoch` as to `epochs`.
        let plural = near.as_ref().map(|it| Near { name: format!("{it}s"), is_certain: it.is_certain });
        let near = plural.filter(|it| word.ends_with('s') && units::is_unit(it)).or(near);
        let (number, at) = (written.as_str().into(), self.span(&unit));
        self.problems.push(UnknownUnit { word: word.into(), number, near, at }.into());
        ExprKind::Broken
    }

    pub(super) fn text(&mut self, pair: Pair) -> Text {
        let span = self.span(&pair);
        let start = pair.as_span().start() + 1;
        let inner = Parts::of(pair).next().expect("a string holds its text");
        let value = match inner.as_rule() {
            // The line break after the opening quotes belongs to the layout of the program.
            Rule::long_text => {
                let text = inner.as_str();
                let text = text.strip_prefix("\r\n").or(text.strip_prefix('\n')).unwrap_or(text);
                Arc::from(text)
            }
            _ => self.unescape(inner.as_str(), start),
        };
        Text { value, span }
    }

    fn unescape(&mut self, text: &str, start: usize) -> Arc<str> {
        if !text.contains('\\') {
            return text.into();
        }
        let mut value = String::with_capacity(text.len());
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            if character != '\\' {
                value.push(character);
                continue;
            }
            match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, '"')) => value.push('"'),
                Some((_, '\\')) => value.push('\\'),
                Some((end, other)) => {
                    let at = self.places.span(self.file, start + at, start + end + other.len_utf8());
                    self.problems.push(UnknownEscape { character: other, at }.into());
                    value.extend(['\\', other]);
                }
                None => unreachable!("a backslash is followed by a character, by the grammar"),
            }
        }
        value.into()
    }

    pub(super) fn table(&mut self, pair: Pair) -> Vec<Row> {
        let rows = Parts::of(pair).map(|row| {
            let span = self.span(&row);
            let cells = Parts::of(row).map(|cell| {
                let text = cell.as_str().trim();
                let lead = cell.as_str().len() - cell.as_str().trim_start().len();
                let start = cell.as_span().start() + lead;
                let span = self.places.span(self.file, start, start + text.len());
                Text { value: text.into(), span }
            });
            Row { cells: cells.collect(), span }
        });
        rows.collect()
    }
}
