//! What a program consists of to the eye: words and marks that are never torn apart, and the comments between them.

use std::borrow::Cow;

use pest::iterators::Pair;

use crate::syntax::grammar::Rule;
use crate::syntax::lex::{Token, TokenKind};
use crate::syntax::units;

/// A part of the text that is printed as it is.
#[derive(Debug)]
pub struct Piece<'a> {
    pub text: Cow<'a, str>,
    pub kind: TokenKind,
    /// Its byte in the text.
    pub start: usize,
    /// Whether it begins a line.
    pub fresh: bool,
    /// Whether the line before it (and behind its comments) is blank.
    pub blank: bool,
    /// The comments before it that have lines of their own.
    pub before: Vec<Comment<'a>>,
    /// The comment behind it on its line.
    pub after: Option<&'a str>,
}

#[derive(Debug)]
pub struct Comment<'a> {
    pub text: &'a str,
    /// Whether the line before it is blank.
    pub blank: bool,
}

/// The pieces of a text without mistakes, and behind them an empty one that keeps the last comments.
///
/// Left out are separators that say nothing: `;`, and a comma before a closing bracket.
pub fn pieces<'a>(text: &'a str, tokens: &[Token], file: Pair<Rule>) -> Vec<Piece<'a>> {
    let mut whole = vec![];
    find_whole(file, &mut whole);
    let mut whole = whole.into_iter().peekable();
    let mut reader = Reader { pieces: vec![], pending: vec![], newlines: 0 };
    let mut skip_to = 0;
    for (place, token) in tokens.iter().enumerate() {
        let start = token.start as usize;
        if start < skip_to {
            continue;
        }
        match token.kind {
            TokenKind::Newline => reader.newlines += 1,
            TokenKind::Comment => reader.comment(token.text(text).trim_end()),
            _ if is_idle(text, &tokens[place..]) && !reader.is_needed(&tokens[place..]) => {
                let commented = tokens.get(place + 1).is_some_and(|it| it.kind == TokenKind::Comment);
                reader.newlines *= usize::from(!commented);
            }
            kind => {
                while whole.next_if(|it| it.start < start).is_some() {}
                let silent = |end: usize| {
                    let inside = tokens[place..].iter().take_while(|it| (it.start as usize) < end);
                    inside.into_iter().all(|it| it.kind != TokenKind::Comment)
                };
                let (end, kind) = match whole.next_if(|it| it.start == start && silent(it.end)) {
                    Some(whole) => (whole.end, if kind == TokenKind::Mark { TokenKind::Word } else { kind }),
                    None => (token.end as usize, kind),
                };
                skip_to = end;
                reader.piece(canonical(&text[start..end], kind), kind, start);
            }
        }
    }
    reader.piece("".into(), TokenKind::Newline, text.len());
    reader.pieces
}

/// The parts of the text within which the grammar knows no white space, or where we choose it.
fn find_whole(pair: Pair<Rule>, whole: &mut Vec<std::ops::Range<usize>>) {
    match pair.as_rule() {
        Rule::tname | Rule::modpath | Rule::key | Rule::sel | Rule::quantity | Rule::row => {
            let start = pair.as_span().start();
            whole.push(start..start + pair.as_str().trim_end().len());
        }
        _ => pair.into_inner().for_each(|it| find_whole(it, whole)),
    }
}

/// A number with its unit: `3 epochs`, but `10%`. Everything else as it stands.
fn canonical(text: &str, kind: TokenKind) -> Cow<'_, str> {
    let split = text.find([' ', '\t']);
    let unit_at = match kind {
        TokenKind::Number => text.find(|it: char| !it.is_ascii_digit() && !"_.".contains(it)),
        _ => None,
    };
    let Some(at) = split.or(unit_at) else { return text.into() };
    let (number, unit) = (&text[..at], text[at..].trim_start());
    if kind != TokenKind::Number || !units::is_unit(unit) {
        return text.into();
    }
    format!("{number}{}{unit}", if units::is_spaced(unit) { " " } else { "" }).into()
}

/// Whether the first of `tokens` separates nothing.
fn is_idle(text: &str, tokens: &[Token]) -> bool {
    let meaning = |it: &&Token| !matches!(it.kind, TokenKind::Newline | TokenKind::Comment);
    match (tokens[0].kind, tokens[0].text(text)) {
        (TokenKind::Mark, ";") => true,
        (TokenKind::Mark, ",") => tokens[1..].iter().find(meaning).is_some_and(|it| it.kind == TokenKind::Close),
        _ => false,
    }
}

struct Reader<'a> {
    pieces: Vec<Piece<'a>>,
    pending: Vec<Comment<'a>>,
    /// Since the last token.
    newlines: usize,
}

impl<'a> Reader<'a> {
    fn comment(&mut self, text: &'a str) {
        match self.pieces.last_mut() {
            Some(piece) if self.newlines == 0 && self.pending.is_empty() && piece.after.is_none() => {
                piece.after = Some(text);
            }
            _ => self.pending.push(Comment { text, blank: self.newlines > 1 }),
        }
        self.newlines = 0;
    }

    /// Whether a separator carries a comment that would be another one in another place: on a line of its own it may
    /// document what follows.
    fn is_needed(&self, tokens: &[Token]) -> bool {
        let commented = tokens.get(1).is_some_and(|it| it.kind == TokenKind::Comment);
        let taken = !self.pending.is_empty() || self.pieces.last().is_none_or(|it| it.after.is_some());
        commented && taken
    }

    fn piece(&mut self, text: Cow<'a, str>, kind: TokenKind, start: usize) {
        self.pieces.push(Piece {
            text,
            kind,
            start,
            fresh: self.newlines > 0,
            blank: self.newlines > 1,
            before: std::mem::take(&mut self.pending),
            after: None,
        });
        self.newlines = 0;
    }
}
