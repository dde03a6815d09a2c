//! Formulas that are too deep for the tree: every operator of a chain is a level of it, and so is every bracket.

use super::lex::{Token, TokenKind};

/// Operators and brackets on one way down a formula; more is not read, so that no later pass can run out of stack.
pub const MOST_LEVELS: usize = 500;

/// The formulas that are too deep, by the tokens that they begin and end with.
///
/// `joined` are the newlines that end no statement, in order.
pub fn too_deep(text: &str, tokens: &[Token], joined: &[Token]) -> Vec<(Token, Token)> {
    let mut deep = vec![];
    let mut stack = vec![Part::default()];
    let mut joined = joined.iter().peekable();
    for token in tokens {
        let word = token.text(text);
        let outermost = stack.len() == 1;
        let part = stack.last_mut().expect("the outermost part is never closed");
        match token.kind {
            TokenKind::Comment => {}
            TokenKind::Newline if joined.next_if(|it| it.start == token.start).is_some() => {}
            TokenKind::Newline => part.end(&mut deep),
            TokenKind::Open => {
                part.take(*token);
                part.levels += 1;
                stack.push(Part::default());
            }
            TokenKind::Close if !outermost => {
                let mut inner = stack.pop().expect("at least two parts");
                inner.end(&mut deep);
                let part = stack.last_mut().expect("at least one part");
                part.take(*token);
                part.inside = part.inside.max(inner.deepest);
            }
            TokenKind::Mark if matches!(word, "," | ";" | ":" | "=" | "~" | "|>") => part.end(&mut deep),
            TokenKind::Mark => {
                part.take(*token);
                part.levels += 1;
            }
            TokenKind::Word if matches!(word, "and" | "or" | "not" | "on" | "if" | "for") => {
                part.take(*token);
                part.levels += 1;
            }
            _ => part.take(*token),
        }
    }
    stack[0].end(&mut deep);
    deep
}

/// What stands between two separators of one bracket.
#[derive(Default)]
struct Part {
    span: Option<(Token, Token)>,
    levels: usize,
    /// The deepest bracket within.
    inside: usize,
    /// The deepest of the parts that ended in this bracket.
    deepest: usize,
}

impl Part {
    fn take(&mut self, token: Token) {
        self.span = Some((self.span.map_or(token, |it| it.0), token));
    }

    fn end(&mut self, deep: &mut Vec<(Token, Token)>) {
        let depth = self.levels + self.inside;
        let deepest = match self.span {
            Some((first, last)) if depth > MOST_LEVELS => {
                deep.retain(|it| it.0.start < first.start);
                deep.push((first, last));
                self.deepest
            }
            _ => self.deepest.max(depth),
        };
        *self = Part { deepest, ..Part::default() };
    }
}
