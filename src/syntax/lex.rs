//! The text cut into tokens: where words, strings, comments and brackets begin and end, whatever the text.
//!
//! Tokens decide what a line is (`layout`) and how it looks (`format`); what it means is the grammar's business.

/// One piece of the text that is not white space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    pub kind: TokenKind,
    pub start: u32,
    pub end: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    Word,
    Number,
    /// A string with its quotes, or a hole (see `balance`).
    Text,
    /// A string whose closing quote is missing: up to the end of the line, or of the file after `"""`.
    OpenText,
    /// `( [ {`
    Open,
    /// `) ] }`
    Close,
    /// An operator or a separator; the longest that fits.
    Mark,
    /// `# …`, without the line break.
    Comment,
    Newline,
    /// One line of an inline table, from its first `|` to its last.
    Row,
    /// A character that has no meaning outside strings and comments.
    Stray,
}

impl Token {
    pub fn text(self, source: &str) -> &str {
        &source[self.start as usize..self.end as usize]
    }
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Marks of more than one character, longest first.
const LONG_MARKS: [&str; 8] = ["|>", "=>", "==", "<=", ">=", "!=", "->", ".."];

/// All tokens of `source`, in order.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { source, at: 0, tokens: Vec::with_capacity(source.len() / 4), tables: vec![], depth: 0 };
    if source.starts_with('\u{FEFF}') {
        lexer.at = 3;
    }
    while lexer.at < source.len() {
        lexer.token();
    }
    lexer.tokens
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// The depths of the braces that opened an inline table, innermost last.
    tables: Vec<usize>,
    depth: usize,
}

impl Lexer<'_> {
    fn token(&mut self) {
        let rest = &self.source[self.at..];
        let first = rest.chars().next().expect("the caller looks whether there is text left");
        match first {
            ' ' | '\t' | '\u{A0}' => self.at += first.len_utf8(),
            '\n' => self.push(TokenKind::Newline, 1),
            '\r' => self.push(TokenKind::Newline, if rest.starts_with("\r\n") { 2 } else { 1 }),
            '#' => self.push(TokenKind::Comment, line_length(rest)),
            '"' => self.text(rest),
            '0'..='9' => self.push(TokenKind::Number, number_length(rest)),
            '(' | '[' | '{' => self.open(first),
            ')' | ']' | '}' => self.close(),
            '|' if self.in_row() && !rest.starts_with("|>") => self.row(rest),
            '\0' => self.push(TokenKind::Text, rest.find(|it| it != '\0').unwrap_or(rest.len())),
            _ if starts_word(first) => self.push(TokenKind::Word, word_length(rest)),
            _ => self.mark(rest, first),
        }
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        self.tokens.push(Token { kind, start: self.at as u32, end: (self.at + length) as u32 });
        self.at += length;
    }

    fn text(&mut self, rest: &str) {
        if let Some(long) = rest.strip_prefix("\"\"\"") {
            match long.find("\"\"\"") {
                Some(length) => self.push(TokenKind::Text, length + 6),
                None => self.push(TokenKind::OpenText, rest.trim_end().len()),
            }
            return;
        }
        let mut characters = rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => return self.push(TokenKind::Text, at + 1),
                '\n' | '\r' => break,
                '\\' if !rest[at + 1..].starts_with(['\n', '\r']) => _ = characters.next(),
                _ => {}
            }
        }
        let line = rest[..line_length(rest)].trim_end();
        self.push(TokenKind::OpenText, line.len());
    }

    fn open(&mut self, bracket: char) {
        self.depth += 1;
        if bracket == '{' && self.tokens.last().is_some_and(|it| it.text(self.source) == "table") {
            self.tables.push(self.depth);
        }
        self.push(TokenKind::Open, 1);
    }

    fn close(&mut self) {
        if self.tables.last() == Some(&self.depth) {
            self.tables.pop();
        }
        self.depth = self.depth.saturating_sub(1);
        self.push(TokenKind::Close, 1);
    }

    /// Whether a `|` here begins a line of a table.
    fn in_row(&self) -> bool {
        let fresh = match self.tokens.last() {
            Some(last) => matches!(last.kind, TokenKind::Newline | TokenKind::Open),
            None => false,
        };
        fresh && self.tables.last() == Some(&self.depth)
    }

    fn row(&mut self, rest: &str) {
        let line = &rest[..line_length(rest)];
        let last = line.rfind('|').expect("a row begins with a bar");
        self.push(TokenKind::Row, last + 1);
    }

    fn mark(&mut self, rest: &str, first: char) {
        if let Some(mark) = LONG_MARKS.iter().find(|it| rest.starts_with(**it)) {
            return self.push(TokenKind::Mark, mark.len());
        }
        let kind = if "+-*/@^=<>:,;.~'?%|".contains(first) { TokenKind::Mark } else { TokenKind::Stray };
        self.push(kind, first.len_utf8());
    }
}

fn line_length(rest: &str) -> usize {
    rest.find(['\n', '\r']).unwrap_or(rest.len())
}

pub fn starts_word(character: char) -> bool {
    character == '_' || pest::unicode::XID_START(character)
}

pub fn goes_on_word(character: char) -> bool {
    pest::unicode::XID_CONTINUE(character)
}

fn word_length(rest: &str) -> usize {
    rest.find(|it| !goes_on_word(it)).unwrap_or(rest.len())
}

/// `28`, `1_000`, `2.5`, `1e-3`, as the grammar's `number`.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|it| it.is_ascii_digit()).count();
    let mut end = bytes.iter().take_while(|it| it.is_ascii_digit() || **it == b'_').count();
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let start = end + 1 + sign;
        if start <= bytes.len() && digits(start) > start {
            end = digits(start);
        }
    }
    end
}
