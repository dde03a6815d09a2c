//! The text as the grammar wants it: brackets in balance, no comments, no newline that does not end a statement.

use std::ops::Range;

use super::balance::balance;
use super::layout;
use super::lex::{self, Token, TokenKind};
use super::limit::{self, MOST_LEVELS};
use super::patch::{self, Patch, Places};
use crate::problem::Problem;
use crate::problem::syntax::NestedTooDeep;
use crate::source::{FileId, Span};

pub struct Prepared {
    pub file: FileId,
    /// For the grammar.
    pub text: String,
    /// From its places to those of the user's text.
    pub places: Places,
    /// Of the user's text.
    pub tokens: Vec<Token>,
    /// The newlines of `text` that end no statement.
    pub joined: Vec<Token>,
    pub problems: Vec<Problem>,
    /// Bytes of the user's text about which enough has been said.
    pub said: Vec<Range<usize>>,
}

/// Prepares a text for the grammar, with some changes to it taken for granted.
pub fn prepare(file: FileId, source: &str, repairs: &[Patch]) -> Prepared {
    // A zero is our mark for a hole.
    let source = source.replace('\0', "\u{1}");
    let tokens = lex::tokens(&source);
    let balance = balance(file, &source, &tokens);
    let mut bytes = source.into_bytes();
    for blank in &balance.blanks {
        bytes[blank.clone()].fill(b' ');
    }
    for hole in &balance.holes {
        bytes[hole.clone()].fill(0);
    }
    let source = String::from_utf8(bytes).expect("whole tokens were replaced");
    let mut patches = balance.patches;
    let free = |repair: &&Patch| patches.iter().all(|it| repair.end < it.start || it.end < repair.start);
    let repairs: Vec<Patch> = repairs.iter().filter(free).cloned().collect();
    patches.extend(repairs);
    patches.sort_by_key(|it| (it.start, it.end));
    let (text, places) = patch::apply(&source, &patches);
    let mut prepared = Prepared {
        file,
        text: String::new(),
        places,
        tokens,
        joined: vec![],
        problems: balance.problems,
        said: balance.said,
    };
    prepared.lay_out(text);
    prepared
}

impl Prepared {
    /// Blanks comments and newlines that end no statement, and leaves out what is too deep. No byte moves.
    fn lay_out(&mut self, text: String) {
        let tokens = lex::tokens(&text);
        self.joined = layout::joined(&text, &tokens);
        let deep = limit::too_deep(&text, &tokens, &self.joined);
        let mut bytes = text.into_bytes();
        let comments = tokens.iter().filter(|it| it.kind == TokenKind::Comment);
        for blank in self.joined.iter().chain(comments) {
            bytes[blank.range()].fill(b' ');
        }
        for (first, last) in deep {
            let range = first.range().start..last.range().end;
            if !bytes[range.clone()].contains(&0) {
                let at = self.places.span(self.file, range.start, range.start + 1);
                self.problems.push(NestedTooDeep { most: MOST_LEVELS, at }.into());
            }
            self.said.push(self.places.span(self.file, range.start, range.end).range());
            bytes[range].fill(0);
        }
        self.text = String::from_utf8(bytes).expect("whole tokens were replaced");
    }

    /// Whether a problem is about the last token of a file that ends too early: it was not finished either.
    pub fn is_cut_off(&self, problem: &Problem) -> bool {
        let last = self.tokens.iter().rfind(|it| !matches!(it.kind, TokenKind::Newline | TokenKind::Comment));
        let end = last.map_or(0, |it| it.end as usize);
        let about_last = problem.labels.first().is_some_and(|it| it.span.range().end == end);
        about_last && self.said.iter().any(|it| it.end == end)
    }

    pub fn span(&self, start: usize, end: usize) -> Span {
        self.places.span(self.file, start, end)
    }
}
