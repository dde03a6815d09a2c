//! What stands within an expression: for those who look for something in it, wherever it may be.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::tree::{Binder, Dim, Expr, ExprKind, ForBody, Stmt};

/// Calls `see` for each expression that stands directly within `expr`.
pub fn children<'e>(expr: &'e Expr, see: &mut dyn FnMut(&'e Expr)) {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Broken => {}
        ExprKind::Table(_) => {}
        ExprKind::Call { callee, args } => {
            see(callee);
            args.iter().for_each(|arg| see(&arg.value));
        }
        ExprKind::Index { base, dims } => {
            see(base);
            for dim in dims {
                if let Dim::Expr(value) | Dim::Named { value, .. } = dim {
                    see(value);
                }
            }
        }
        ExprKind::Field { base, .. } => see(base),
        ExprKind::Next(inner) => see(inner),
        ExprKind::Unary { operand, .. } => see(operand),
        ExprKind::Binary { left, right, .. } => {
            see(left);
            see(right);
        }
        ExprKind::Pipe { head, stages } => {
            see(head);
            stages.iter().for_each(see);
        }
        ExprKind::As { expr, .. } => see(expr),
        ExprKind::If { condition, then, otherwise } => [condition, then, otherwise].into_iter().for_each(|it| see(it)),
        ExprKind::For { binders, body } => {
            for binder in binders {
                let (Binder::Over { range: value, .. } | Binder::Carry { init: value, .. }) = binder;
                see(value);
            }
            of_body(body, see);
        }
        ExprKind::List(items) => items.iter().for_each(see),
        ExprKind::Tuple(args) => args.iter().for_each(|arg| see(&arg.value)),
    }
}

/// Calls `see` for each expression that stands directly within a statement.
pub fn of_statement<'e>(statement: &'e Stmt, see: &mut dyn FnMut(&'e Expr)) {
    match statement {
        Stmt::Param(place) | Stmt::State(place) => place.init.iter().for_each(see),
        Stmt::Fit { value, .. } | Stmt::Bind { value, .. } => see(value),
        Stmt::Require { condition, .. } => see(condition),
        Stmt::Expr(expr) => see(expr),
        Stmt::Broken(_) => {}
    }
}

/// Calls `see` for each expression that stands directly within the body of a `for`.
pub fn of_body<'e>(body: &'e ForBody, see: &mut dyn FnMut(&'e Expr)) {
    match body {
        ForBody::Expr(expr) => see(expr),
        ForBody::Block(statements) => statements.iter().for_each(|it| of_statement(it, see)),
    }
}

/// Every name that stands anywhere within the body of a `for`, whatever it means there.
pub fn names(body: &ForBody) -> BTreeSet<&Arc<str>> {
    let (mut names, mut open) = (BTreeSet::new(), Vec::new());
    of_body(body, &mut |it| open.push(it));
    while let Some(expr) = open.pop() {
        if let ExprKind::Name(name) = &expr.kind {
            names.insert(name);
        }
        children(expr, &mut |it| open.push(it));
    }
    names
}
