//! What is wrong with a piece that did not parse, in one message.
//!
//! The piece is parsed again alone. Pest then tells how far it came and what could have stood there; together with the
//! words before and behind that place this is enough to say what a person would say.

mod failure;
mod judge;

use super::build::Piece;
use super::grammar::Rule;
use super::patch::Patch;
use super::prepare::Prepared;
use crate::problem::Problem;
use crate::problem::syntax::{RowsWithoutTable, UnexpectedText};
use crate::source::Span;

use failure::Failure;

/// What was found in the pieces of one text.
#[derive(Default)]
pub struct Diagnosis {
    pub problems: Vec<Problem>,
    /// Changes to the user's text, in order, with which the pieces may parse.
    pub repairs: Vec<Patch>,
    /// Declarations that were repaired: what is broken within has not been looked at.
    reopened: Vec<Span>,
}

/// The problems of pieces that are seen for the first time.
pub fn diagnose(prepared: &Prepared, pieces: &[Piece]) -> Diagnosis {
    let mut diagnosis = Diagnosis::default();
    let mut margin = None;
    for (place, piece) in pieces.iter().enumerate() {
        let indent = indent(&prepared.text, piece.start);
        let adjacent = place > 0 && prepared.text[pieces[place - 1].end..piece.start].trim().is_empty();
        // A line that is indented further than the broken one above it goes with it.
        if adjacent && margin.is_some_and(|it| indent > it) {
            continue;
        }
        margin = Some(indent);
        diagnosis.piece(prepared, piece);
    }
    diagnosis.repairs.sort_by_key(|it| it.start);
    diagnosis.repairs.dedup_by(|later, earlier| later.start < earlier.end || later.start == earlier.start);
    diagnosis
}

impl Diagnosis {
    /// The problems that came to light when the repairs were made.
    pub fn second_look(&self, prepared: &Prepared, pieces: &[Piece]) -> Vec<Problem> {
        let mut second = Diagnosis::default();
        for piece in pieces.iter().filter(|it| it.rule != Rule::only_item) {
            let at = prepared.span(piece.start, piece.end);
            if self.reopened.iter().any(|it| it.start < at.start && at.end <= it.end) {
                second.piece(prepared, piece);
            }
        }
        second.problems
    }

    fn piece(&mut self, prepared: &Prepared, piece: &Piece) {
        let at = prepared.span(piece.start, piece.end);
        if prepared.said.iter().any(|it| it.start <= at.end as usize && it.end >= at.start as usize) {
            return;
        }
        let Some(failure) = Failure::of(prepared, piece) else {
            let found = first_line(&prepared.text[piece.start..piece.end]);
            self.problems.push(UnexpectedText { found, why: String::new(), help: None, at }.into());
            return;
        };
        let verdict = judge::judge(&failure);
        // Of the rows of one table the first speaks for all.
        if verdict.problem.code == RowsWithoutTable::CODE
            && self.problems.last().is_some_and(|it| it.code == RowsWithoutTable::CODE)
        {
            return;
        }
        self.problems.push(verdict.problem);
        if let Some(repair) = verdict.repair {
            self.repairs.push(repair);
            if piece.rule == Rule::only_item {
                self.reopened.push(at);
            }
        }
    }
}

/// The bytes before a place on its line.
fn indent(text: &str, at: usize) -> usize {
    at - text[..at].rfind(['\n', '\r']).map_or(0, |it| it + 1)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end().into()
}
