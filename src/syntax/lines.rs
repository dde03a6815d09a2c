//! Tokens by lines: what begins a line, how far it is indented, and which lines begin a declaration.

use super::lex::{Token, TokenKind};
use super::tree::Kind;

/// The tokens of a text that mean something (no comments, no newlines), and their lines.
pub struct Lines<'a> {
    pub text: &'a str,
    pub tokens: Vec<Token>,
    /// For each token the number of its line.
    line_of: Vec<u32>,
    lines: Vec<Line>,
}

/// A line with something on it.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Its first token.
    pub first: usize,
    /// The bytes before it.
    pub indent: usize,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str, all: &[Token]) -> Lines<'a> {
        let mut lines = Lines { text, tokens: Vec::with_capacity(all.len()), line_of: vec![], lines: vec![] };
        let (mut start, mut fresh) = (0, true);
        for &token in all {
            match token.kind {
                TokenKind::Newline => (start, fresh) = (token.end, true),
                TokenKind::Comment => {}
                _ => {
                    if fresh {
                        let indent = (token.start - start) as usize;
                        lines.lines.push(Line { first: lines.tokens.len(), indent });
                        fresh = false;
                    }
                    lines.line_of.push(lines.lines.len() as u32 - 1);
                    lines.tokens.push(token);
                }
            }
        }
        lines
    }

    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    pub fn word(&self, token: usize) -> &'a str {
        self.tokens.get(token).map_or("", |it| it.text(self.text))
    }

    pub fn kind(&self, token: usize) -> Option<TokenKind> {
        self.tokens.get(token).map(|it| it.kind)
    }

    pub fn line(&self, token: usize) -> Line {
        self.lines[self.line_of[token] as usize]
    }

    pub fn indent(&self, token: usize) -> usize {
        self.line(token).indent
    }

    pub fn is_first(&self, token: usize) -> bool {
        self.line(token).first == token
    }

    /// The first tokens of the lines after that of `token`, before the token `end`.
    pub fn later_lines(&self, token: usize, end: usize) -> impl Iterator<Item = Line> {
        let next = self.line_of[token] as usize + 1;
        self.lines[next..].iter().copied().take_while(move |it| it.first < end)
    }

    /// The tokens of the line that begins with the token `first`.
    pub fn tokens_of(&self, first: usize) -> std::ops::Range<usize> {
        let line = self.line_of[first];
        first..first + self.line_of[first..].partition_point(|it| *it == line)
    }

    /// The tokens of the line before the one that begins with `first`.
    pub fn line_before(&self, first: usize) -> &[Token] {
        &self.tokens[self.line(first - 1).first..first]
    }

    /// The bytes before a token on its line.
    pub fn column(&self, token: usize) -> usize {
        let line = self.line(token);
        line.indent + (self.tokens[token].start - self.tokens[line.first].start) as usize
    }

    /// The places where declarations begin, the first of them 0.
    pub fn chunks(&self) -> Vec<std::ops::Range<usize>> {
        let mut starts = vec![0];
        let mut margin = usize::MAX;
        for line in &self.lines {
            if line.indent <= margin && self.begins_item(line.first) {
                margin = line.indent;
                starts.push(line.first);
            }
        }
        starts.push(self.len());
        starts.windows(2).map(|it| it[0]..it[1]).filter(|it| !it.is_empty()).collect()
    }

    /// Whether a line that begins with this token begins a declaration, and can begin nothing else.
    fn begins_item(&self, first: usize) -> bool {
        let (next, after) = (first + 1, first + 2);
        let named = self.kind(next) == Some(TokenKind::Word) && !is_operator_word(self.word(next));
        match self.word(first) {
            "dlm" => self.kind(next) == Some(TokenKind::Number),
            "use" => named || matches!(self.kind(next), Some(TokenKind::Text | TokenKind::OpenText)),
            "let" => named && matches!(self.word(after), ":" | "="),
            "data" => named && self.word(after) == "{",
            "names" => named && self.word(after) == "of",
            "train" | "tune" | "export" => self.word(next) == "{" || named && self.word(after) == "{",
            word if Kind::ALL.iter().any(|it| it.word() == word) => {
                named && matches!(self.word(after), "(" | "on" | "->" | "=" | "{")
            }
            _ => false,
        }
    }
}

/// Words that stand between operands.
pub fn is_operator_word(word: &str) -> bool {
    matches!(word, "then" | "else" | "and" | "or" | "in" | "on" | "as" | "from" | "until")
}
