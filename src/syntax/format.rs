//! The canonical layout of a program.
//!
//! The formatter keeps the words of a program and the lines that its author chose, where the language has a place for a
//! line break; everything else about the layout is the same for everybody. Indentation, spaces and blank lines are
//! ours; what neighbouring lines have in common stands in columns; a line of more than 120 columns is broken at its
//! loosest place. Comments stay where they are.
//!
//! A text is cut into pieces (`pieces`), the grammar says where they may be parted (`plan`), columns are measured
//! (`columns`), and lines are broken until they fit (`lines`).

mod columns;
mod lines;
mod pieces;
mod plan;

use super::grammar::{self, Rule};
use super::lex::{TokenKind, tokens};
use super::prepare::prepare;
use super::{parse, print_tree};
use crate::problem::Problem;
use crate::source::FileId;

/// Rounds after which a layout no longer changes. A line that became too long in one may need the next.
const ROUNDS: usize = 8;

/// The text of a program in its canonical layout, or what is wrong with the program.
///
/// The result means the same, has the same comments, and is its own layout.
///
/// # Panics
/// If the layout means something else, which would be our mistake.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Problem>> {
    let (tree, problems) = parse(file, text);
    if !problems.is_empty() {
        return Err(problems);
    }
    let meaning = (print_tree(&tree), comments(text));
    let line_break = line_break(text);
    let mut text = text.to_owned();
    for _ in 0..ROUNDS {
        let formatted = lay_out(file, &text, line_break);
        if formatted == text {
            break;
        }
        let (tree, problems) = parse(file, &formatted);
        assert!(problems.is_empty(), "the layout has mistakes that the program has not: {problems:?}");
        assert!(print_tree(&tree) == meaning.0, "the layout has another meaning than the program");
        assert!(comments(&formatted) == meaning.1, "the layout has other comments than the program");
        text = formatted;
    }
    Ok(text)
}

/// One layout of a text without mistakes.
fn lay_out(file: FileId, text: &str, line_break: &str) -> String {
    let prepared = prepare(file, text, &[]);
    let mut pairs = grammar::parse(Rule::file, &prepared.text).expect("the rule `file` matches every text");
    let pair = pairs.next().expect("a file");
    let mut pieces = pieces::pieces(text, &prepared.tokens, pair.clone());
    let mut plan = plan::plan(&pieces, pair);
    columns::align_tables(&mut pieces, &plan);
    let extra = columns::align(&pieces, &plan);
    lines::print(&pieces, &mut plan, extra, line_break)
}

/// The comments of a text, in order.
fn comments(text: &str) -> Vec<String> {
    let comments = tokens(text).into_iter().filter(|it| it.kind == TokenKind::Comment);
    comments.map(|it| it.text(text).trim_end().to_owned()).collect()
}

/// How the first line ends: the others shall end so too.
fn line_break(text: &str) -> &'static str {
    match tokens(text).iter().find(|it| it.kind == TokenKind::Newline) {
        Some(token) if token.text(text) == "\r\n" => "\r\n",
        _ => "\n",
    }
}
