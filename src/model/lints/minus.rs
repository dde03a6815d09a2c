//! A line that begins with a minus: it is a statement of its own, and not what the line before goes on with.

use crate::problem::Problem;
use crate::problem::lint::BeginsWithMinus;
use crate::source::{Sources, Span};
use crate::syntax::tree::{Body, File, Item, Kind, Pattern, Stmt};

/// Warns where what stands before the minus is then used by nothing.
pub fn begins_with_minus(tree: &File, sources: &Sources) -> Vec<Problem> {
    let mut problems = vec![];
    for item in &tree.items {
        let Item::Callable(callable) = item else { continue };
        let Body::Block(statements) = &callable.body else { continue };
        for (at, pair) in statements.windows(2).enumerate() {
            let [before, Stmt::Expr(negative)] = pair else { continue };
            let Some(before_at) = span(before).filter(|_| starts_its_line(sources, negative.span)) else { continue };
            let is_last = at + 2 == statements.len();
            let lost = match before {
                // Of two formulas the first is for nothing.
                Stmt::Expr(_) => true,
                Stmt::Bind { pattern: Pattern::One(target), .. } if target.next => callable.kind == Kind::Optimizer,
                Stmt::Bind { pattern: Pattern::One(target), .. } => {
                    let rest = statements[at + 1..].iter().filter_map(span);
                    !is_last || !rest.into_iter().any(|it| has_word(sources.text(it), target.name.as_str()))
                }
                _ => false,
            };
            if lost {
                let at = Span { end: negative.span.start + 1, ..negative.span };
                problems.push(BeginsWithMinus { at, before_at }.into());
            }
        }
    }
    problems
}

fn span(statement: &Stmt) -> Option<Span> {
    match statement {
        Stmt::Expr(expr) => Some(expr.span),
        Stmt::Bind { span, .. } | Stmt::Fit { span, .. } | Stmt::Require { span, .. } => Some(*span),
        Stmt::Param(place) | Stmt::State(place) => Some(place.span),
        Stmt::Broken(_) => None,
    }
}

/// Whether a minus stands there, the first on its line.
fn starts_its_line(sources: &Sources, at: Span) -> bool {
    let text = &sources[at.file].text;
    let before = &text[..at.start as usize];
    text[at.start as usize..].starts_with('-') && before.trim_end_matches([' ', '\t']).ends_with('\n')
}

/// Whether `name` stands in `text` as a word.
fn has_word(text: &str, name: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(is_letter) && !text[at + name.len()..].starts_with(is_letter))
}
