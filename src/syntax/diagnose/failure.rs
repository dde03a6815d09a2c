//! How far the parser came in a broken piece, and what it looked for there.

use pest::error::{Error, InputLocation};

use super::super::build::Piece;
use super::super::grammar::{self, Rule};
use super::super::lex::{self, Token, TokenKind};
use super::super::lines::is_operator_word;
use super::super::prepare::Prepared;
use crate::source::Span;

/// A place where a piece stopped making sense.
pub struct Failure<'a> {
    pub prepared: &'a Prepared,
    pub rule: Rule,
    text: &'a str,
    start: usize,
    tokens: Vec<Token>,
    /// The token at which the parser stopped; one past the last if the piece is not finished.
    at: usize,
    expected: Vec<String>,
}

/// What could have stood at the place of a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// An operator, or the end: a formula was read.
    Operator,
    /// The beginning of a formula.
    Formula,
    Type,
    Name,
    Text,
    /// Only certain words and marks.
    Mark,
}

impl<'a> Failure<'a> {
    /// Parses the piece alone. Nothing if that succeeds.
    pub fn of(prepared: &'a Prepared, piece: &Piece) -> Option<Failure<'a>> {
        let text = &prepared.text[piece.start..piece.end];
        let error = grammar::explain(piece.rule, text)?;
        let (stopped, mut expected) = reached(&error);
        let tokens = lex::tokens(text);
        let mut tokens: Vec<Token> = tokens.into_iter().filter(|it| it.kind != TokenKind::Newline).collect();
        tokens.retain(|it| it.kind != TokenKind::Comment);
        let mut at = tokens.partition_point(|it| it.end as usize <= stopped);
        if expected.is_empty() && at > 0 && is_reserved(tokens[at - 1].text(text)) {
            // The parser had to read the word to know that it is no name.
            at -= 1;
            expected.push("_".into());
        }
        if at > 1 && tokens[at - 2].kind == TokenKind::Number && tokens[at - 1].kind == TokenKind::Word {
            let after = tokens.get(at).map_or("", |it| it.text(text));
            if matches!(after, ":" | "~" | "(" | "[" | "'" | "=" | "." | "in") {
                // The parser had to read the word and what follows to know that it is no unit.
                at -= 1;
                expected.extend(["+".into(), ",".into()]);
            }
        }
        Some(Failure { prepared, rule: piece.rule, text, start: piece.start, tokens, at, expected })
    }

    pub fn is_at_start(&self) -> bool {
        self.at == 0
    }

    /// The token at this distance from the place of the failure, as text; nothing where there is none.
    pub fn word(&self, distance: isize) -> &'a str {
        let token = self.at.checked_add_signed(distance).and_then(|it| self.tokens.get(it));
        token.map_or("", |it| it.text(self.text))
    }

    pub fn kind(&self, distance: isize) -> Option<TokenKind> {
        self.at.checked_add_signed(distance).and_then(|it| self.tokens.get(it)).map(|it| it.kind)
    }

    /// The bytes in the user's text of the token at this distance, or of the end of the piece.
    pub fn span(&self, distance: isize) -> Span {
        match self.at.checked_add_signed(distance).and_then(|it| self.tokens.get(it)) {
            Some(token) => self.prepared.span(self.start + token.start as usize, self.start + token.end as usize),
            None => self.tokens.last().map_or(self.piece(), |_| self.piece().after()),
        }
    }

    /// The place where something is missing: just behind the token before.
    pub fn gap(&self) -> Span {
        if self.at == 0 { Span { end: self.piece().start, ..self.piece() } } else { self.span(-1).after() }
    }

    pub fn piece(&self) -> Span {
        self.prepared.span(self.start, self.start + self.text.len())
    }

    /// The first word of the piece.
    pub fn head(&self) -> &'a str {
        self.tokens.first().map_or("", |it| it.text(self.text))
    }

    /// How many tokens stand before the place of the failure.
    pub fn count_before(&self) -> usize {
        self.at
    }

    /// Whether a line ends between the token before and the one found: what follows was meant as a new statement.
    pub fn breaks_line(&self) -> bool {
        let Some(found) = self.tokens.get(self.at) else { return true };
        let from = self.at.checked_sub(1).map_or(0, |it| self.tokens[it].end);
        let (from, to) = (self.start as u32 + from, self.start as u32 + found.start);
        self.text[from as usize - self.start..to as usize - self.start].contains(['\n', '\r'])
            || self.prepared.joined.iter().any(|it| from <= it.start && it.end <= to)
    }

    pub fn expects(&self, text: &str) -> bool {
        self.expected.iter().any(|it| it == text)
    }

    /// The words of the language that could stand here.
    pub fn expected_words(&self) -> impl Iterator<Item = &str> {
        self.expected
            .iter()
            .map(|it| &**it)
            .filter(|it| it.len() > 1 && it.starts_with(|it: char| it.is_ascii_lowercase()))
    }

    pub fn wanted(&self) -> Wanted {
        let name = self.expects("_");
        if self.expects("+") {
            Wanted::Operator
        } else if self.expects("\"") {
            if self.expects("[") { Wanted::Formula } else { Wanted::Text }
        } else if name && self.expects("(") {
            Wanted::Type
        } else if name {
            Wanted::Name
        } else {
            Wanted::Mark
        }
    }

    /// The marks and words that could stand here, without operators.
    pub fn marks(&self) -> Vec<&str> {
        const COMMON: [&str; 29] = [
            "!=", "'", "(", "*", "+", "-", ".", "..", "/", "<", "<=", "==", ">", ">=", "@", "[", "^", "and", "as",
            "on", "or", "|>", "%", "_", "E", "?", "x", "0..9", "\u{0}",
        ];
        self.expected.iter().map(|it| &**it).filter(|it| !COMMON.contains(it)).collect()
    }

    /// Whether the token at this distance ends an operand.
    pub fn ends_operand(&self, distance: isize) -> bool {
        match self.kind(distance) {
            Some(TokenKind::Word) => !is_operator_word(self.word(distance)) && self.word(distance) != "not",
            Some(TokenKind::Number | TokenKind::Text | TokenKind::Close) => true,
            _ => matches!(self.word(distance), "'" | "%" | "?"),
        }
    }

    pub fn starts_operand(&self, distance: isize) -> bool {
        match self.kind(distance) {
            Some(TokenKind::Word) => !is_operator_word(self.word(distance)),
            Some(TokenKind::Number | TokenKind::Text | TokenKind::Open) => true,
            _ => false,
        }
    }

    /// Whether the place is inside `( )` or `[ ]` of the piece.
    pub fn in_brackets(&self) -> bool {
        self.open().is_some_and(|it| self.tokens[it].text(self.text) != "{")
    }

    /// Whether the place is inside parentheses that only group a formula.
    pub fn in_group(&self) -> bool {
        self.open().is_some_and(|it| {
            let applied = it > 0 && self.ends_operand(it as isize - 1 - self.at as isize);
            self.tokens[it].text(self.text) == "(" && !applied
        })
    }

    /// The innermost open bracket.
    fn open(&self) -> Option<usize> {
        let mut open = vec![];
        for (place, token) in self.tokens[..self.at].iter().enumerate() {
            match token.kind {
                TokenKind::Open => open.push(place),
                TokenKind::Close => _ = open.pop(),
                _ => {}
            }
        }
        open.pop()
    }

    /// Whether `mark` stands somewhere behind the place, on this line and outside of brackets.
    pub fn later(&self, mark: &str) -> bool {
        let mut depth = 0;
        for token in &self.tokens[self.at.min(self.tokens.len())..] {
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth -= 1,
                _ if depth == 0 && token.text(self.text) == mark => return true,
                _ => {}
            }
        }
        false
    }
}

fn is_reserved(word: &str) -> bool {
    matches!(word, "for" | "if" | "true" | "false" | "yes" | "no" | "not") || is_operator_word(word)
}

/// The furthest place, and what could have stood there, without white space.
fn reached(error: &Error<Rule>) -> (usize, Vec<String>) {
    let Some(attempts) = error.parse_attempts() else {
        // Only when the parser gave up for lack of stack.
        return match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => (at, vec![]),
        };
    };
    let expected = attempts.expected_tokens().into_iter().map(|it| it.to_string());
    let blank = |text: &str| text.chars().all(char::is_whitespace) || text == "BUILTIN_RULE";
    (attempts.max_position, expected.filter(|it| !blank(it)).collect())
}
