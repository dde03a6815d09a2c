//! Where rows come from and how they are split, as a data block says it.

use super::constant;
use crate::model::lower::{Outcome, Reported};
use crate::model::program::{Cell, Given, SourcePlan, SplitPlan};
use crate::problem::Problem;
use crate::problem::values::*;
use crate::source::Span;
use crate::syntax::tree::{self, Expr, ExprKind};

pub(super) fn source_plan(expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<SourcePlan> {
    if let ExprKind::Table(lines) = &expr.kind {
        let cell = |text: &tree::Text| Cell { text: text.value.to_string(), span: text.span };
        let table = lines.iter().map(|row| row.cells.iter().map(cell).collect()).collect();
        return Ok(SourcePlan { kind: tree::Name::new("table", expr.span), args: vec![], table, span: expr.span });
    }
    if let ExprKind::Text(path) = &expr.kind {
        let (setting, wanted, found) =
            ("source".to_string(), "a source with its arguments".to_string(), crate::syntax::print_expr(expr));
        let help = Some(format!("csv({path:?})"));
        problems.push(WrongValue { setting, wanted, found, at: expr.span, declared: None, help, repair: None }.into());
        return Err(Reported);
    }
    let (kind, args) = called(expr, "source", problems)?;
    Ok(SourcePlan { kind, args, table: vec![], span: expr.span })
}

pub(super) fn split_plan(expr: &Expr, problems: &mut Vec<Problem>) -> Outcome<SplitPlan> {
    let (kind, args) = called(expr, "split", problems)?;
    Ok(SplitPlan { kind: Some(kind), args, span: Some(expr.span) })
}

/// `csv("file.csv", missing: ["", "NA"])` as kind and arguments.
pub(super) fn called(expr: &Expr, what: &str, problems: &mut Vec<Problem>) -> Outcome<(tree::Name, Vec<Given>)> {
    let wrong = |problems: &mut Vec<Problem>, span: Span, text: String| {
        let (setting, wanted) = (what.to_string(), format!("a {what} with its arguments"));
        problems.push(
            WrongValue { setting, wanted, found: text, at: span, declared: None, help: None, repair: None }.into(),
        );
        Reported
    };
    match &expr.kind {
        ExprKind::Name(name) => Ok((tree::Name::new(name.clone(), expr.span), vec![])),
        ExprKind::Call { callee, args } => {
            let ExprKind::Name(name) = &callee.kind else {
                return Err(wrong(problems, expr.span, crate::syntax::print_expr(expr)));
            };
            let mut given = Vec::new();
            for arg in args {
                let Some(value) = constant(&arg.value) else {
                    return Err(wrong(problems, arg.value.span, crate::syntax::print_expr(&arg.value)));
                };
                given.push(Given { name: arg.name.clone(), value, span: arg.value.span });
            }
            Ok((tree::Name::new(name.clone(), callee.span), given))
        }
        ExprKind::Broken => Err(Reported),
        _ => Err(wrong(problems, expr.span, crate::syntax::print_expr(expr))),
    }
}
