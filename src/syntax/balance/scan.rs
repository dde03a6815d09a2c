//! One pass over the brackets of a declaration.

use std::ops::Range;

use super::super::layout;
use super::super::lex::TokenKind;
use super::super::lines::{Line, Lines, is_operator_word};
use super::{Forced, MOST_NESTED};

/// What one pass found.
#[derive(Default)]
pub struct Scan {
    /// Blocks in braces: the tokens that open and close them, by the opening one.
    pub blocks: Vec<(usize, usize)>,
    /// Brackets that were never closed, and where they should have been.
    pub unclosed: Vec<Unclosed>,
    /// Those that were open at the end.
    pub left: Vec<Frame>,
    /// Closing brackets of the wrong kind, with the bracket that they should match.
    pub mismatched: Vec<(usize, usize)>,
    /// Closing brackets that close nothing.
    pub strays: Vec<usize>,
    /// Strings without an end: the token, and the byte where the end is missing.
    pub quotes: Vec<(usize, usize)>,
    /// From the bracket or word that is nested too deeply to the end of what it holds.
    pub too_deep: Vec<Range<usize>>,
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub open: usize,
    pub bracket: char,
    /// `if` and `for` nest as brackets do: how many stand in this bracket since its last comma or line.
    branches: usize,
}

#[derive(Clone, Copy, Debug)]
pub struct Unclosed {
    pub frame: Frame,
    /// The token behind which the closing bracket is missing.
    pub after: usize,
    /// Whether the bracket is a part of a pattern: `stage{i}`.
    pub in_pattern: bool,
}

pub fn closing(bracket: char) -> char {
    match bracket {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// How far the statement that holds this token is indented: the line of the token, or the one that it continues.
pub fn statement_indent(lines: &Lines, token: usize) -> usize {
    let mut first = lines.line(token).first;
    while first > 0 && layout::leads(lines.word(first)) && lines.word(first) != "{" {
        first = lines.line(first - 1).first;
    }
    lines.indent(first)
}

pub fn scan(lines: &Lines, chunk: Range<usize>, forced: &Forced) -> Scan {
    let mut scanner = Scanner { lines, end: chunk.end, forced, stack: vec![], branches: 0, scan: Scan::default() };
    let mut token = chunk.start;
    while token < chunk.end {
        if let Some(&open) = forced.closes.get(&token) {
            scanner.force_close(open, token);
        }
        token = scanner.token(token);
        if forced.opens.contains(&(token - 1)) {
            scanner.stack.push(Frame { open: token - 1, bracket: '{', branches: 0 });
        }
    }
    let left = std::mem::take(&mut scanner.stack);
    scanner.scan.left.clone_from(&left);
    scanner.abandon(&left, chunk.end);
    scanner.scan.blocks.sort_unstable();
    scanner.scan
}

struct Scanner<'a> {
    lines: &'a Lines<'a>,
    end: usize,
    forced: &'a Forced,
    stack: Vec<Frame>,
    /// As in `Frame`, outside of all brackets.
    branches: usize,
    scan: Scan,
}

impl Scanner<'_> {
    /// Takes one token, or more where they cannot be read, and gives the next.
    fn token(&mut self, token: usize) -> usize {
        let word = self.lines.word(token);
        if self.lines.is_first(token) {
            self.line(token);
        }
        match self.lines.tokens[token].kind {
            TokenKind::Open if word == "{" && self.opens_pattern(token) => {
                // `stage{i}`: a part of a pattern, never a block.
                if self.lines.word(token + 2) == "}" {
                    return token + 3;
                }
                let frame = Frame { open: token, bracket: '{', branches: 0 };
                self.scan.unclosed.push(Unclosed { frame, after: token + 1, in_pattern: true });
                return token + 2;
            }
            TokenKind::Open => {
                if self.depth() >= MOST_NESTED {
                    return self.skip(token);
                }
                let bracket = word.chars().next().expect("a bracket is a character");
                self.stack.push(Frame { open: token, bracket, branches: 0 });
            }
            TokenKind::Close => self.close(token, word),
            TokenKind::OpenText => self.quote(token, word),
            TokenKind::Mark if matches!(word, "," | ";") => self.fresh(),
            TokenKind::Word if matches!(word, "if" | "for") && self.lines.word(token + 1) != ":" => {
                if self.depth() >= MOST_NESTED {
                    return self.skip(token);
                }
                *self.branches() += 1;
            }
            _ => {}
        }
        token + 1
    }

    fn depth(&self) -> usize {
        self.branches + self.stack.iter().map(|it| 1 + it.branches).sum::<usize>()
    }

    /// How many branches nest in the innermost bracket.
    fn branches(&mut self) -> &mut usize {
        match self.stack.last_mut() {
            Some(top) => &mut top.branches,
            None => &mut self.branches,
        }
    }

    /// A new argument or statement: what nested in the last one is over.
    fn fresh(&mut self) {
        *self.branches() = 0;
    }

    /// At the first token of a line: a formula inside `( )` cannot go on like this, so the bracket was forgotten.
    fn line(&mut self, token: usize) {
        if self.stack.last().is_none_or(|it| it.bracket == '{') {
            let goes_on = layout::leads(self.lines.word(token))
                || token > 0 && layout::goes_on_after(self.lines.text, self.lines.line_before(token));
            if !goes_on {
                self.fresh();
            }
            return;
        }
        let depth = self.stack.iter().rposition(|it| it.bracket == '{').map_or(0, |it| it + 1);
        let outermost = self.stack[depth].open;
        if self.ends_operand(token - 1)
            && self.starts_operand(token)
            && self.lines.indent(token) <= self.lines.indent(outermost)
        {
            let unclosed = self.stack.split_off(depth);
            for frame in unclosed.into_iter().rev() {
                self.scan.unclosed.push(Unclosed { frame, after: token - 1, in_pattern: false });
            }
        }
    }

    fn ends_operand(&self, token: usize) -> bool {
        match self.lines.tokens[token].kind {
            TokenKind::Word => {
                let word = self.lines.word(token);
                !is_operator_word(word) && word != "not"
            }
            TokenKind::Number | TokenKind::Text | TokenKind::OpenText | TokenKind::Close => true,
            _ => matches!(self.lines.word(token), "'" | "%"),
        }
    }

    fn starts_operand(&self, token: usize) -> bool {
        match self.lines.tokens[token].kind {
            TokenKind::Word => !is_operator_word(self.lines.word(token)),
            TokenKind::Number | TokenKind::Text | TokenKind::OpenText => true,
            _ => false,
        }
    }

    /// Whether no space stands before a token.
    fn is_glued(&self, token: usize) -> bool {
        token > 0 && self.lines.tokens.get(token).is_some_and(|it| it.start == self.lines.tokens[token - 1].end)
    }

    /// Whether a brace belongs to a pattern like `stage{i}[{j}].w`, its end perhaps forgotten, and opens no block.
    fn opens_pattern(&self, token: usize) -> bool {
        let after = self.lines.word(token + 2);
        let selects = || {
            let first = self.lines.word(self.lines.line(token).first);
            matches!(first, "rename" | "freeze" | "lr" | "decay" | "init" | "adapt")
        };
        self.is_glued(token)
            && self.lines.kind(token + 1) == Some(TokenKind::Word)
            && (after == "}" || self.is_glued(token + 1) && (matches!(after, "[" | ".") || selects()))
    }

    /// Whether the next closing bracket on this line that nothing behind `token` opens is `wanted`.
    fn next_closes(&self, token: usize, wanted: char) -> bool {
        let mut depth = 0;
        for next in token + 1..self.lines.tokens_of(self.lines.line(token).first).end {
            match self.lines.tokens[next].kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close if depth == 0 => return self.lines.word(next).starts_with(wanted),
                TokenKind::Close => depth -= 1,
                _ => {}
            }
        }
        false
    }

    fn close(&mut self, token: usize, word: &str) {
        if self.forced.strays.contains(&token) {
            self.scan.strays.push(token);
            return;
        }
        // `stagei}[…`: behind the end of a block nothing follows so closely.
        let in_pattern =
            self.is_glued(token) && self.is_glued(token + 1) && matches!(self.lines.word(token + 1), "[" | "." | "{");
        if word == "}" && in_pattern && self.lines.word(token - 1) != "{" {
            self.scan.strays.push(token);
            return;
        }
        let wanted = match word {
            ")" => '(',
            "]" => '[',
            _ => '{',
        };
        let Some(top) = self.stack.last().copied() else {
            self.scan.strays.push(token);
            return;
        };
        if top.bracket == wanted {
            self.stack.pop();
            if wanted == '{' {
                self.scan.blocks.push((top.open, token));
            }
            return;
        }
        if self.lines.line(top.open).first == self.lines.line(token).first
            && self.next_closes(token, closing(top.bracket))
        {
            self.scan.strays.push(token);
            return;
        }
        let Some(below) = self.stack.iter().rposition(|it| it.bracket == wanted) else {
            let same_line = self.lines.line(top.open).first == self.lines.line(token).first;
            if top.bracket != '{' && (wanted != '{' || same_line) {
                self.scan.mismatched.push((token, top.open));
                self.stack.pop();
            } else if top.bracket != '{' {
                // Only parentheses are open, and a brace closes: they end first, then the brace is one too many.
                let unclosed = std::mem::take(&mut self.stack);
                self.abandon(&unclosed, token);
                self.scan.strays.push(token);
            } else {
                self.scan.strays.push(token);
            }
            return;
        };
        let crosses_block = wanted != '{' && self.stack[below..].iter().any(|it| it.bracket == '{');
        if crosses_block && !self.lines.is_first(token) {
            self.scan.strays.push(token);
            return;
        }
        let unclosed = self.stack.split_off(below + 1);
        self.abandon(&unclosed, token);
        self.close(token, word);
    }

    /// Ends the block that `open` began, before `token`.
    fn force_close(&mut self, open: usize, token: usize) {
        let Some(place) = self.stack.iter().rposition(|it| it.open == open) else { return };
        for frame in self.stack.split_off(place).into_iter().rev() {
            self.scan.unclosed.push(Unclosed { frame, after: token - 1, in_pattern: false });
        }
    }

    /// Notes that `frames` were never closed, although everything before the token `end` could be theirs.
    fn abandon(&mut self, frames: &[Frame], end: usize) {
        let mut after = 0;
        for &frame in frames.iter().rev() {
            after = self.boundary(frame.open, end).max(after);
            self.scan.unclosed.push(Unclosed { frame, after, in_pattern: false });
        }
    }

    /// The last token that belongs to a bracket that was never closed: the one before a line that is indented no
    /// further than the line of the bracket, or else the one before `end`.
    fn boundary(&self, open: usize, end: usize) -> usize {
        let lines = self.lines;
        let block = lines.word(open) == "{";
        let own = if block { statement_indent(lines, open) } else { lines.indent(open) };
        let mut later = lines.later_lines(open, end).peekable();
        let flat = block && later.peek().is_some_and(|it| it.indent <= own);
        let before = lines.line(open).first..open;
        let sibling = |line: &Line| {
            lines.word(line.first) == "|>"
                && before.clone().any(|it| lines.word(it) == "|>" && lines.column(it) == line.indent)
        };
        let leads = |first: usize| layout::leads(lines.word(first));
        let closes = |first: usize| lines.kind(first) == Some(TokenKind::Close);
        let over = |line: &Line| line.indent <= own && !leads(line.first) && !closes(line.first) || sibling(line);
        match later.find(over) {
            Some(line) if !flat => line.first - 1,
            _ => end - 1,
        }
    }

    /// A string without an end: it ends before the brackets at the end of its line that close open ones.
    fn quote(&mut self, token: usize, word: &str) {
        let end = self.lines.tokens[token].end as usize;
        let mut kept = word;
        if word.starts_with("\"\"\"") {
            self.scan.quotes.push((token, end));
            return;
        }
        if let Some(before) = word.strip_suffix('{') {
            self.stack.push(Frame { open: token, bracket: '{', branches: 0 });
            self.scan.quotes.push((token, end - (word.len() - before.trim_end().len())));
            return;
        }
        while let Some(last) = kept.chars().next_back() {
            let open = self.stack.last().map(|it| it.bracket);
            if last == ' ' || last == ',' && kept.len() == word.len() {
                kept = &kept[..kept.len() - 1];
            } else if open.is_some_and(|it| it != '{' && closing(it) == last) {
                kept = &kept[..kept.len() - 1];
                self.stack.pop();
            } else {
                break;
            }
        }
        self.scan.quotes.push((token, end - (word.len() - kept.len())));
    }

    /// Leaves out what is nested too deeply, from `token` to the end of its bracket.
    fn skip(&mut self, token: usize) -> usize {
        let (mut depth, mut last) = (0usize, token);
        for next in token..self.end {
            match self.lines.tokens[next].kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close if depth <= 1 => {
                    // Of a word that nests, the bracket around it ends here too.
                    last = if depth == 1 { next } else { next - 1 };
                    break;
                }
                TokenKind::Close => depth -= 1,
                _ => {}
            }
            last = next;
        }
        self.scan.too_deep.push(token..last + 1);
        last + 1
    }
}
