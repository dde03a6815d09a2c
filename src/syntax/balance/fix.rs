//! From what a scan found to changes of the text and to problems.

use std::ops::Range;

use super::super::lex::TokenKind;
use super::super::lines::Lines;
use super::super::patch::Patch;
use super::scan::{Scan, Unclosed, closing};
use super::{Balance, Forced, MOST_NESTED};
use crate::problem::syntax::{
    BlockNotClosed, BlockNotOpened, BracketMismatch, BracketNotClosed, BracketNotOpened, NestedTooDeep, StringNotClosed,
};
use crate::source::{FileId, Span};

/// For how many stray brackets of a declaration it is looked where their blocks would begin.
const MOST_EXPLAINED: usize = 8;

pub fn apply(file: FileId, lines: &Lines, chunk: &Range<usize>, forced: &Forced, scan: &Scan, balance: &mut Balance) {
    let mut fixer = Fixer { file, lines, chunk, balance };
    let mut silent = vec![];
    for deep in &scan.too_deep {
        fixer.too_deep(deep.clone());
        silent.push(deep.clone());
    }
    for &(token, end) in &scan.quotes {
        fixer.quote(token, end);
        silent.push(lines.tokens_of(lines.line(token).first));
    }
    for &token in &forced.opens {
        fixer.open(token);
    }
    for &(token, open) in &scan.mismatched {
        fixer.mismatch(token, open);
    }
    // Those that follow each other on a line are one mistake.
    for strays in scan.strays.chunk_by(|one, next| one + 1 == *next && !lines.is_first(*next)) {
        // Of very many nobody reads where each block would begin.
        let orphan = if scan.strays.len() <= MOST_EXPLAINED { fixer.orphans(strays[0]) } else { None };
        fixer.stray(strays[0], strays.len() - 1, orphan);
    }
    let mut rest = &scan.unclosed[..];
    while let Some(first) = rest.first() {
        let together = rest.iter().take_while(|it| it.after == first.after).count();
        let (these, others) = rest.split_at(together);
        let silent_at = |token: usize| silent.iter().any(|it| it.contains(&token));
        fixer.unclosed(these, silent_at(first.after) || these.iter().all(|it| silent_at(it.frame.open)));
        rest = others;
    }
}

struct Fixer<'a> {
    file: FileId,
    lines: &'a Lines<'a>,
    chunk: &'a Range<usize>,
    balance: &'a mut Balance,
}

impl Fixer<'_> {
    fn span(&self, token: usize) -> Span {
        let range = self.lines.tokens[token].range();
        Span::new(self.file, range.start, range.end)
    }

    fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.balance.patches.push(Patch { start: at, end: at, text: text.into() });
        self.balance.said.push(at..at);
    }

    fn too_deep(&mut self, tokens: Range<usize>) {
        let range = self.lines.tokens[tokens.start].range().start..self.lines.tokens[tokens.end - 1].range().end;
        self.balance.problems.push(NestedTooDeep { most: MOST_NESTED, at: self.span(tokens.start) }.into());
        self.balance.said.push(range.clone());
        self.balance.holes.push(range);
    }

    fn quote(&mut self, token: usize, end: usize) {
        let text = self.lines.tokens[token];
        let quotes = if text.text(self.lines.text).starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
        // A word that touches a string tells which of the strings before it lacks its end.
        let line = self.lines.tokens_of(self.lines.line(token).first);
        let touched = line.clone().find(|&it| {
            let next = self.lines.tokens.get(it + 1);
            let word = matches!(next.map(|it| it.kind), Some(TokenKind::Word | TokenKind::Number));
            self.lines.kind(it) == Some(TokenKind::Text)
                && word
                && next.is_some_and(|next| next.start == self.lines.tokens[it].end)
        });
        let culprit = touched.unwrap_or(token);
        let at = self.span(culprit);
        let at = Span { end: at.start + quotes.len() as u32, ..at };
        self.balance.problems.push(StringNotClosed { quotes, at }.into());
        self.insert(end, quotes);
        self.balance
            .said
            .push(self.lines.tokens[line.start].range().start..self.lines.tokens[line.end - 1].range().end);
    }

    fn open(&mut self, after: usize) {
        let at = self.span(after).after();
        let what = self.heading(after);
        self.balance.problems.push(BlockNotOpened { what, at }.into());
        self.insert(at.start as usize, "{");
    }

    fn mismatch(&mut self, token: usize, open: usize) {
        let (at, open_at) = (self.span(token), self.span(open));
        let found = self.lines.word(token).to_string();
        let opened = self.lines.word(open).to_string();
        let wanted = closing(opened.chars().next().unwrap_or('(')).to_string();
        self.balance.patches.push(Patch { start: at.range().start, end: at.range().end, text: wanted.clone() });
        self.balance.said.push(at.range());
        self.balance.problems.push(BracketMismatch { opened, found, wanted, at, open_at }.into());
    }

    /// A bracket that closes nothing, and so many `more` right behind it.
    fn stray(&mut self, token: usize, more: usize, orphan: Option<usize>) {
        let at = self.span(token).to(self.span(token + more));
        self.balance.blanks.push(at.range());
        let before = token.checked_sub(1).map_or(at, |it| self.span(it));
        self.balance.said.push(before.range().end..at.range().end);
        let begins = orphan.map(|it| self.span(it));
        let first_line = orphan.map(|it| self.first_line(it));
        if let Some(begins) = begins {
            self.balance.said.push(begins.range().start..at.range().end);
        }
        let bracket = self.lines.word(token).into();
        self.balance.problems.push(BracketNotOpened { bracket, more, at, begins, first_line }.into());
    }

    /// The first of the lines before a closing brace that are indented as its block would be.
    fn orphans(&self, close: usize) -> Option<usize> {
        if self.lines.word(close) != "}" || !self.lines.is_first(close) {
            return None;
        }
        let indent = self.lines.indent(close);
        let (mut first, mut inner) = (None, 0);
        let mut token = close;
        while token > self.chunk.start {
            let line = self.lines.line(token - 1);
            // What a block closed early has left behind begins after it.
            let closes = self.lines.word(line.first) == "}";
            let opens = self.lines.tokens_of(line.first).any(|it| self.lines.word(it) == "{");
            inner += usize::from(closes);
            if line.indent <= indent || opens && inner == 0 {
                break;
            }
            inner -= usize::from(opens);
            token = line.first;
            first = Some(token);
        }
        first
    }

    /// How the line reads that is missing before an orphan, as far as the orphan tells.
    fn first_line(&self, orphan: usize) -> &'static str {
        let setting = self.lines.word(orphan + 1) == ":";
        match self.lines.word(orphan) {
            "|" => "source: table {",
            "source" | "split" | "test" if setting => "data name {",
            "input" | "target" | "weight" | "group" | "time" | "id" | "ignore" => "data name {",
            _ if setting => "train {",
            _ if self.lines.tokens_of(orphan).any(|it| self.lines.word(it) == "on") => "regularize {",
            _ => "model name on x: … {",
        }
    }

    /// Brackets whose ends are missing at one place, the innermost first.
    fn unclosed(&mut self, unclosed: &[Unclosed], quiet: bool) {
        let after = unclosed[0].after;
        let at = self.span(after).after();
        let missing: Vec<char> = unclosed.iter().map(|it| closing(it.frame.bracket)).collect();
        self.insert(at.start as usize, missing.iter().collect::<String>());
        if quiet {
            return;
        }
        let opened: Vec<(String, Span)> = unclosed.iter().map(|it| self.opened(it)).collect();
        let at_end = after + 1 == self.lines.len();
        if unclosed.iter().any(|it| it.frame.bracket == '{' && !it.in_pattern) {
            let (what, open_at) = opened[opened.len() - 1].clone();
            let others = opened[..opened.len() - 1].iter().map(|it| it.1).collect();
            let missing = missing.iter().map(char::to_string).collect();
            self.balance.problems.push(BlockNotClosed { what, missing, at, open_at, others, at_end }.into());
        } else {
            let (what, open_at) = opened[0].clone();
            let others = opened[1..].iter().map(|it| it.1).collect();
            let missing = missing.iter().collect();
            self.balance.problems.push(BracketNotClosed { what, missing, at, open_at, others }.into());
        }
    }

    /// What an open bracket belongs to, in words of the program, and where it is.
    fn opened(&self, unclosed: &Unclosed) -> (String, Span) {
        let open = unclosed.frame.open;
        let at = self.span(open);
        if unclosed.frame.bracket == '{' && !unclosed.in_pattern {
            return (self.heading(open), at);
        }
        let before = open.checked_sub(1).filter(|it| self.lines.kind(*it) == Some(TokenKind::Word));
        (before.map_or(String::new(), |it| self.lines.word(it).into()), at)
    }

    /// The words with which the block at a token begins: `train`, `model mlp`, `augment image`.
    fn heading(&self, token: usize) -> String {
        let mut first = self.lines.line(token).first;
        while first > self.chunk.start && super::layout::leads(self.lines.word(first)) {
            first = self.lines.line(first - 1).first;
        }
        let words =
            (first..token.max(first + 1)).take(2).take_while(|it| self.lines.kind(*it) == Some(TokenKind::Word));
        words.map(|it| self.lines.word(it)).collect::<Vec<_>>().join(" ")
    }
}
