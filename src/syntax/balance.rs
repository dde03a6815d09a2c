//! Which brackets and quotes are missing or too many, and where they belong.
//!
//! Brackets are judged before the grammar sees the text, one declaration at a time, so that a forgotten one costs one
//! message and not the rest of the file. What the brackets alone do not tell, the indentation does: people close a
//! block below the line that opens it.

mod fix;
mod scan;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::layout;
use super::lex::{Token, TokenKind};
use super::lines::{self, Lines};
use super::patch::Patch;
use super::tree::Kind;
use crate::problem::Problem;
use crate::source::FileId;

/// Deeper brackets are not read.
pub const MOST_NESTED: usize = 256;

/// How often the brackets of one declaration are tried with another guess.
const GUESSES: usize = 6;

/// What must happen to a text for its brackets to be in balance.
#[derive(Default)]
pub struct Balance {
    /// In order.
    pub patches: Vec<Patch>,
    /// Bytes that are left out, as if they were spaces.
    pub blanks: Vec<Range<usize>>,
    /// Bytes that stand for one operand.
    pub holes: Vec<Range<usize>>,
    pub problems: Vec<Problem>,
    /// Places about which enough has been said: what does not parse there is not mentioned again.
    pub said: Vec<Range<usize>>,
}

/// Looks at every bracket of the text.
pub fn balance(file: FileId, text: &str, tokens: &[Token]) -> Balance {
    let lines = Lines::new(text, tokens);
    let mut balance = Balance::default();
    for chunk in lines.chunks() {
        let (forced, scan) = settle(&lines, chunk.clone());
        fix::apply(file, &lines, &chunk, &forced, &scan, &mut balance);
    }
    balance
}

/// What a scan must take for granted.
#[derive(Default)]
struct Forced {
    /// Tokens behind which a `{` is missing.
    opens: BTreeSet<usize>,
    /// Tokens before which the block that this other token opened must end.
    closes: BTreeMap<usize, usize>,
    /// Closing brackets that close nothing.
    strays: BTreeSet<usize>,
}

/// Scans a declaration until its brackets agree with each other and with the indentation.
fn settle(lines: &Lines, chunk: Range<usize>) -> (Forced, scan::Scan) {
    let mut forced = Forced::default();
    for _ in 0..GUESSES {
        let scan = scan::scan(lines, chunk.clone(), &forced);
        if let Some(&stray) = scan.strays.iter().find(|it| lines.word(**it) == "}" && !forced.strays.contains(it)) {
            match unopened(lines, chunk.start..stray) {
                Some(last) if !begins_block(lines, lines.line(last).first) => {
                    // The line that would begin the block is gone: its closing brace is the one to leave out.
                    let indent = lines.indent(last);
                    let ends = |it: &lines::Line| lines.word(it.first) == "}" && it.indent <= indent;
                    let close = lines.later_lines(last, stray + 1).find(ends).map_or(stray, |it| it.first);
                    forced.strays.insert(close);
                }
                Some(last) if !forced.opens.contains(&last) => _ = forced.opens.insert(last),
                _ => _ = forced.strays.insert(stray),
            }
        } else if let Some((open, before)) = swallowed(lines, &scan) {
            forced.closes.insert(before, open);
        } else {
            return (forced, scan);
        }
    }
    let scan = scan::scan(lines, chunk, &forced);
    (forced, scan)
}

/// The end of the line whose block has no `{`: the lines below it are indented further although it asks for no more.
fn unopened(lines: &Lines, range: Range<usize>) -> Option<usize> {
    let mut depth = 0i32;
    let mut indent = lines.indent(range.start);
    let mut first = range.start;
    while first < range.end {
        let line = lines.tokens_of(first);
        let before = depth;
        for token in line.clone() {
            match lines.kind(token) {
                Some(TokenKind::Open) => depth += 1,
                Some(TokenKind::Close) => depth -= 1,
                _ => {}
            }
        }
        if !layout::leads(lines.word(first)) {
            indent = lines.indent(first);
        }
        let next = line.end;
        let asks = layout::goes_on_after(lines.text, &lines.tokens[line.clone()]) || layout::leads(lines.word(next));
        if next < range.end && depth == before && !asks && lines.indent(next) > indent {
            return Some(next - 1);
        }
        first = next;
    }
    None
}

/// Whether a block can begin on the line of this token. The edition, an import, a setting and a formula begin none.
fn begins_block(lines: &Lines, first: usize) -> bool {
    let mut first = first;
    while first > 0 && layout::leads(lines.word(first)) && lines.word(first) != "{" {
        first = lines.line(first - 1).first;
    }
    let line = lines.tokens_of(first);
    let last = lines.word(line.end - 1);
    match lines.word(first) {
        "dlm" | "use" | "let" => false,
        word if Kind::ALL.iter().any(|it| it.word() == word) && lines.word(first + 1) != ":" => {
            let mut depth = 0i32;
            let mut is_formula = false;
            for token in line {
                match lines.kind(token) {
                    Some(TokenKind::Open) => depth += 1,
                    Some(TokenKind::Close) => depth -= 1,
                    _ => is_formula |= depth == 0 && lines.word(token) == "=",
                }
            }
            !is_formula
        }
        _ => lines.word(first + 1) != ":" || matches!(last, "table" | ":"),
    }
}

/// A block that took the closing brace of the block around it: the token that opened it, and the token before which it
/// should have ended.
fn swallowed(lines: &Lines, scan: &scan::Scan) -> Option<(usize, usize)> {
    let outer = scan.left.iter().find(|it| it.bracket == '{')?;
    for &(open, close) in &scan.blocks {
        let (own, closing) = (scan::statement_indent(lines, open), lines.indent(close));
        if open > outer.open && lines.is_first(close) && closing < own {
            let early = lines.later_lines(open, close).find(|it| it.indent <= own);
            return Some((open, early.map_or(close, |it| it.first)));
        }
    }
    None
}
