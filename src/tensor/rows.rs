//! Formulas of the scalar rows, as nodes.

use super::{Graph, Id};
use crate::scalar::Scalar;
use crate::syntax::tree::{Binary, Expr, ExprKind, Unary};

/// The elementwise formula `text` over the names of `scope`, all of one `shape`.
///
/// # Panics
/// If the formula is not one: rows are ours.
pub fn build(graph: &mut Graph, text: &str, scope: &[(&str, Id)], shape: &[usize]) -> Id {
    expr(graph, &crate::syntax::formula(text), scope, shape)
}

/// The names that the formula `text` mentions.
pub fn names(text: &str) -> Vec<String> {
    fn visit(formula: &Expr, names: &mut Vec<String>) {
        match &formula.kind {
            ExprKind::Name(name) => names.push(name.to_string()),
            ExprKind::Unary { operand, .. } => visit(operand, names),
            ExprKind::Binary { left, right, .. } => [left, right].into_iter().for_each(|side| visit(side, names)),
            ExprKind::Call { args, .. } => args.iter().for_each(|arg| visit(&arg.value, names)),
            _ => {}
        }
    }
    let mut all = vec![];
    visit(&crate::syntax::formula(text), &mut all);
    all
}

fn expr(graph: &mut Graph, formula: &Expr, scope: &[(&str, Id)], shape: &[usize]) -> Id {
    match &formula.kind {
        ExprKind::Number(quantity) => graph.constant(quantity.value as f32, shape),
        ExprKind::Name(name) => match scope.iter().find(|(it, _)| **it == **name) {
            Some(&(_, id)) => id,
            None => panic!("a row speaks of `{name}`"),
        },
        ExprKind::Unary { op, operand } => {
            let scalar = match op {
                Unary::Neg => Scalar::Neg,
                Unary::Not => Scalar::Not,
            };
            let operand = expr(graph, operand, scope, shape);
            graph.map(scalar, &[operand])
        }
        ExprKind::Binary { op, left, right, .. } => {
            let (left, right) = (expr(graph, left, scope, shape), expr(graph, right, scope, shape));
            match op {
                Binary::Add => graph.map(Scalar::Add, &[left, right]),
                Binary::Sub => graph.map(Scalar::Sub, &[left, right]),
                Binary::Mul => graph.map(Scalar::Mul, &[left, right]),
                Binary::Div => graph.map(Scalar::Div, &[left, right]),
                Binary::Pow => graph.map(Scalar::Pow, &[left, right]),
                Binary::Eq => graph.map(Scalar::Equal, &[left, right]),
                Binary::Lt => graph.map(Scalar::Less, &[left, right]),
                Binary::Le => graph.map(Scalar::LessEqual, &[left, right]),
                Binary::Gt => graph.map(Scalar::Less, &[right, left]),
                Binary::Ge => graph.map(Scalar::LessEqual, &[right, left]),
                Binary::And => graph.map(Scalar::And, &[left, right]),
                Binary::Or => graph.map(Scalar::Or, &[left, right]),
                other => panic!("`{}` in a row", other.symbol()),
            }
        }
        ExprKind::Call { callee, args } => {
            let ExprKind::Name(name) = &callee.kind else { panic!("a row calls by name") };
            let scalar = Scalar::named(name).unwrap_or_else(|| panic!("a row calls `{name}`"));
            let args: Vec<Id> = args.iter().map(|arg| expr(graph, &arg.value, scope, shape)).collect();
            graph.map(scalar, &args)
        }
        _ => panic!("no formula of a row: {}", crate::syntax::print_expr(formula)),
    }
}
