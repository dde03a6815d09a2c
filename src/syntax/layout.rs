//! Where statements end: the rules by which a line goes on.
//!
//! A newline ends a statement, except inside `( )` and `[ ]`, after an operator, `=`, `=>` or `,`, and before a line
//! that begins with one of a few marks and words. The row of a table is a line of its own. The grammar need not know any
//! of this: for it, a newline that ends nothing is a space.

use super::lex::{Token, TokenKind};

/// A line that ends in one of these goes on.
const OPEN_ENDS: [&str; 23] = [
    "+", "-", "*", "/", "^", "@", "|>", "==", "!=", "<=", ">=", "<", ">", "..", "=", "=>", "->", "~", ",", "and", "or",
    "not", "on",
];
/// `then` and `else` too, wherever they stand.
const BRANCHES: [&str; 2] = ["then", "else"];
/// A line that begins with one of these belongs to the one before.
const LEADS: [&str; 10] = ["|>", "+", "*", "/", "@", "and", "or", "on", "->", "{"];
/// After these words `*` is a pattern over names, not a product.
const SELECTING: [&str; 8] = ["on", "freeze", "lr", "decay", "init", "adapt", "rename", "skip"];

/// The newlines that end no statement.
pub fn joined(text: &str, tokens: &[Token]) -> Vec<Token> {
    let mut joined = vec![];
    let mut brackets = vec![];
    let mut pending: Vec<Token> = vec![];
    let mut before: Option<usize> = None;
    let mut line_start = 0;
    for (place, &token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Newline => {
                pending.push(token);
                continue;
            }
            TokenKind::Comment => continue,
            _ => {}
        }
        if !pending.is_empty() {
            let inside = matches!(brackets.last(), Some('(' | '['));
            let goes_on = || match before {
                // The row of a table is one line, whatever its cells are.
                Some(_) if tokens[line_start].text(text) == "|" => false,
                Some(last) => goes_on_after(text, &tokens[line_start..=last]) || leads(token.text(text)),
                None => false,
            };
            if inside || goes_on() && !begins_statement(text, &tokens[place..]) {
                joined.append(&mut pending);
            } else {
                line_start = place;
                pending.clear();
            }
        }
        match token.kind {
            TokenKind::Open => brackets.extend(token.text(text).chars()),
            TokenKind::Close => _ = brackets.pop(),
            _ => {}
        }
        before = Some(place);
    }
    joined
}

/// Whether a line that begins with this token belongs to the one before.
pub fn leads(text: &str) -> bool {
    LEADS.contains(&text) || BRANCHES.contains(&text)
}

/// Whether a line that holds `line` asks for more.
pub fn goes_on_after(text: &str, line: &[Token]) -> bool {
    let Some(last) = line.last() else { return false };
    let mark = last.text(text);
    match last.kind {
        TokenKind::Mark if mark == "*" => {
            let mut words = line.iter().filter(|it| it.kind == TokenKind::Word);
            let selecting = words.any(|it| SELECTING.contains(&it.text(text)));
            let dotted = line.len() > 1 && line[line.len() - 2].text(text) == ".";
            !selecting && !dotted
        }
        TokenKind::Mark | TokenKind::Word => OPEN_ENDS.contains(&mark) || BRANCHES.contains(&mark),
        _ => false,
    }
}

/// Whether `name:`, `name =`, `name' =` or a closing brace stands here: no formula goes on like this, so a line before
/// it that asks for more was not finished.
fn begins_statement(text: &str, tokens: &[Token]) -> bool {
    let mark = |place: usize| tokens.get(place).map_or("", |it| it.text(text));
    if mark(0) == "}" {
        return true;
    }
    let after = if mark(1) == "'" { 2 } else { 1 };
    tokens[0].kind == TokenKind::Word && matches!(mark(after), "=" | ":")
}
