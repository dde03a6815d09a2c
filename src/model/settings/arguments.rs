//! Calls and expressions taken apart for the walk: which argument is which, and what an expression is made of.

use std::sync::Arc;

use crate::syntax::tree::{Arg, Binder, Dim, Expr, ExprKind, ForBody, Stmt};

/// What is called in `expr`, with arguments or without.
pub fn called(expr: &Expr) -> Option<String> {
    let callee = match &expr.kind {
        ExprKind::Call { callee, .. } => callee,
        _ => expr,
    };
    match &callee.kind {
        ExprKind::Name(name) => Some(name.to_string()),
        _ => None,
    }
}

/// For each parameter the argument that is its value. The first `piped` parameters come by the pipe.
pub(super) fn arranged(args: &[Arg], names: &[&str], piped: usize) -> Vec<Option<usize>> {
    let mut places: Vec<Option<usize>> = vec![None; names.len()];
    let mut next = piped;
    for (at, arg) in args.iter().enumerate() {
        let place = match &arg.name {
            Some(name) => names.iter().position(|it| *it == name.as_str()),
            None => {
                while next < names.len() && places[next].is_some() {
                    next += 1;
                }
                (next < names.len()).then_some(next)
            }
        };
        if let Some(place) = place {
            places[place] = Some(at);
        }
    }
    places
}

/// Names in which twins are told apart by their number, as the blocks of a `repeat` are.
pub(super) fn numbered(names: &[Option<String>]) -> Vec<Option<String>> {
    let numbered = names.iter().enumerate().map(|(at, name)| {
        let name = name.as_ref()?;
        let same = |it: &&Option<String>| it.as_ref() == Some(name);
        Some(match names.iter().filter(same).count() {
            1 => name.clone(),
            _ => format!("{name}[{}]", names[..at].iter().filter(same).count()),
        })
    });
    numbered.collect()
}

/// Every name in an expression.
pub(super) fn names(expr: &mut Expr, found: &mut Vec<Arc<str>>) {
    if let ExprKind::Name(name) = &expr.kind {
        found.push(name.clone());
    }
    children(expr, &mut |it| names(it, found));
}

/// Calls `see` for the parts of an expression, from left to right.
pub(super) fn children(expr: &mut Expr, see: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.kind {
        ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Bool(_) | ExprKind::Name(_) => {}
        ExprKind::Table(_) | ExprKind::Broken => {}
        ExprKind::Call { callee, args } => {
            see(callee);
            args.iter_mut().for_each(|arg| see(&mut arg.value));
        }
        ExprKind::Index { base, dims } => {
            see(base);
            for dim in dims {
                match dim {
                    Dim::Expr(value) | Dim::Named { value, .. } => see(value),
                    Dim::Rest(_) => {}
                }
            }
        }
        ExprKind::Field { base, .. } => see(base),
        ExprKind::Next(inner) | ExprKind::As { expr: inner, .. } => see(inner),
        ExprKind::Unary { operand, .. } => see(operand),
        ExprKind::Binary { left, right, .. } => [left, right].into_iter().for_each(|it| see(it)),
        ExprKind::Pipe { head, stages } => {
            see(head);
            stages.iter_mut().for_each(see);
        }
        ExprKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|it| see(it));
        }
        ExprKind::For { binders, body } => {
            for binder in binders {
                match binder {
                    Binder::Over { range: value, .. } | Binder::Carry { init: value, .. } => see(value),
                }
            }
            match &mut **body {
                ForBody::Expr(inner) => see(inner),
                ForBody::Block(statements) => statements.iter_mut().for_each(|it| statement(it, see)),
            }
        }
        ExprKind::List(items) => items.iter_mut().for_each(see),
        ExprKind::Tuple(args) => args.iter_mut().for_each(|arg| see(&mut arg.value)),
    }
}

fn statement(statement: &mut Stmt, see: &mut dyn FnMut(&mut Expr)) {
    match statement {
        Stmt::Param(place) | Stmt::State(place) => place.init.iter_mut().for_each(see),
        Stmt::Require { condition, .. } => see(condition),
        Stmt::Fit { value, .. } | Stmt::Bind { value, .. } | Stmt::Expr(value) => see(value),
        Stmt::Broken(_) => {}
    }
}
