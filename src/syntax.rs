//! Text to tree, tree to text.
//!
//! Parsing is total: every text has a tree. Tokens (`lex`) decide which lines belong together (`layout`), pest reads the
//! result by `grammar/dlm.pest`, and `build` makes the tree of its pairs.

mod balance;
mod build;
mod diagnose;
mod format;
mod grammar;
mod layout;
mod lex;
mod limit;
mod lines;
mod patch;
mod prepare;
mod print;
pub mod tree;
pub mod units;
pub mod walk;

pub use format::format;
pub use print::{print_expr, print_tree};

use build::{Builder, Built, Names};
use grammar::Rule;
use prepare::{Prepared, prepare};

use crate::problem::Problem;
use crate::source::FileId;

/// The tree of any text, and what is wrong with the text, in the order of its lines.
pub fn parse(file: FileId, text: &str) -> (tree::File, Vec<Problem>) {
    let prepared = prepare(file, text, &[]);
    let built = build_file(&prepared, text);
    let diagnosis = diagnose::diagnose(&prepared, &built.pieces);
    let mut problems = prepared.problems.clone();
    let built = if diagnosis.repairs.is_empty() {
        built
    } else {
        let repaired = prepare(file, text, &diagnosis.repairs);
        let built = build_file(&repaired, text);
        problems.extend(diagnosis.second_look(&repaired, &built.pieces));
        built
    };
    problems.extend(diagnosis.problems);
    problems.extend(built.problems.into_iter().filter(|it| !prepared.is_cut_off(it)));
    problems.sort_by_key(|it| it.labels.first().map(|it| it.span));
    (built.file, problems)
}

fn build_file(prepared: &Prepared, text: &str) -> Built {
    let mut pairs = grammar::parse(Rule::file, &prepared.text).expect("the rule `file` matches every text");
    Builder::new(prepared, text).build(pairs.next().expect("a file"))
}

/// The tree of a formula of ours. Its spans are in no file.
///
/// # Panics
/// If the formula has a mistake, which is ours.
pub fn formula(text: &str) -> tree::Expr {
    expression(FileId(u32::MAX), text).unwrap_or_else(|problems| panic!("the formula `{text}`: {problems:?}"))
}

/// The tree of a value that stands alone.
pub fn expression(file: FileId, text: &str) -> Result<tree::Expr, Vec<Problem>> {
    alone(file, text, Names::default()).map(|(expr, _)| expr)
}

/// The tree of a value that takes a place in `tree`, as on the command line. What it names of files that `tree` has as a
/// whole, `tree` asks for from then on.
pub fn expression_for(tree: &mut tree::File, file: FileId, text: &str) -> Result<tree::Expr, Vec<Problem>> {
    let aliases = tree.items.iter().filter_map(|item| match item {
        tree::Item::Use(it) => it.alias.clone(),
        _ => None,
    });
    let (expr, mut names) = alone(file, text, Names::of(aliases.collect(), false))?;
    names.settle(&mut tree.items, &mut vec![]);
    Ok(expr)
}

fn alone(file: FileId, text: &str, names: Names) -> Result<(tree::Expr, Names), Vec<Problem>> {
    let prepared = prepare(file, text, &[]);
    let mut problems = prepared.problems.clone();
    let expr = match grammar::parse(Rule::only_expr, &prepared.text) {
        Ok(mut pairs) => {
            let mut builder = Builder { names, ..Builder::new(&prepared, text) };
            let pair = pairs.next().expect("an entry").into_inner().next().expect("an expression");
            let expr = builder.expr(pair);
            problems.append(&mut builder.problems);
            Some((expr, builder.names))
        }
        Err(_) => {
            let piece = build::Piece { rule: Rule::only_expr, start: 0, end: prepared.text.len() };
            problems.extend(diagnose::diagnose(&prepared, &[piece]).problems);
            None
        }
    };
    match expr {
        Some(expr) if problems.is_empty() => Ok(expr),
        _ => Err(problems),
    }
}
