//! Text to tree, tree to text.
//!
//! Parsing is total: every text has a tree. Tokens (`lex`) decide which lines belong together (`layout`), pest reads the
//! result by `grammar/dlm.pest`, and `build` makes the tree of its pairs.

mod build;
mod grammar;
mod layout;
mod lex;
mod patch;
mod print;
pub mod tree;
pub mod units;

pub use print::{print_expr, print_tree};

use build::Builder;
use grammar::Rule;

use crate::problem::Problem;
use crate::problem::syntax::UnexpectedText;
use crate::source::{FileId, Span};

/// The tree of any text, and what is wrong with the text, in the order of its lines.
pub fn parse(file: FileId, text: &str) -> (tree::File, Vec<Problem>) {
    let tokens = lex::tokens(text);
    let laid = layout::lay_out(text, &tokens);
    let (laid, places) = patch::apply(&laid, &[]);
    let mut pairs = grammar::parse(Rule::file, &laid).expect("the rule `file` matches every text");
    let built = Builder::new(file, &places, text, &tokens).build(pairs.next().expect("a file"));
    let mut problems = built.problems;
    for piece in built.pieces {
        problems.push(unexpected(file, text, piece.start..piece.end));
    }
    (built.file, problems)
}

fn unexpected(file: FileId, text: &str, range: std::ops::Range<usize>) -> Problem {
    let at = Span::new(file, range.start, range.end);
    UnexpectedText { found: text[range].lines().next().unwrap_or_default().into(), at }.into()
}

/// The tree of a formula of ours. Its spans are in no file.
///
/// # Panics
/// If the formula has a mistake, which is ours.
pub fn formula(text: &str) -> tree::Expr {
    expression(FileId(u32::MAX), text).unwrap_or_else(|problems| panic!("the formula `{text}`: {problems:?}"))
}

/// The tree of a value that stands alone, as on the command line.
pub fn expression(file: FileId, text: &str) -> Result<tree::Expr, Vec<Problem>> {
    let tokens = lex::tokens(text);
    let laid = layout::lay_out(text, &tokens);
    let (laid, places) = patch::apply(&laid, &[]);
    match grammar::parse(Rule::only_expr, &laid) {
        Ok(mut pairs) => {
            let mut builder = Builder::new(file, &places, text, &tokens);
            let pair = pairs.next().expect("an entry").into_inner().next().expect("an expression");
            let expr = builder.expr(pair);
            if builder.problems.is_empty() { Ok(expr) } else { Err(builder.problems) }
        }
        Err(_) => Err(vec![unexpected(file, text, 0..text.len())]),
    }
}
