//! Formulas over scalars, the texts of rows and rules, as terms; and terms as nodes.

use std::sync::{PoisonError, RwLock};

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{Dtype, Graph, Id};
use crate::scalar::Scalar;
use crate::syntax::tree::{Binary, Expr, ExprKind, Unary};

/// An elementwise formula.
#[derive(Clone, PartialEq, Debug)]
pub enum Term {
    Name(String),
    Number(f32),
    Truth(bool),
    Apply(Scalar, Vec<Term>),
}

/// The term of a text of ours, which is read once in the life of the process: there are as many as the tables have rows.
///
/// # Panics
/// If it is none.
pub fn term(text: &'static str) -> &'static Term {
    static KNOWN: RwLock<FxHashMap<&str, &Term>> = RwLock::new(FxHashMap::with_hasher(FxBuildHasher));
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(text) {
        return known;
    }
    let read = of_tree(&crate::syntax::formula(text));
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).entry(text).or_insert_with(|| Box::leak(Box::new(read)))
}

fn of_tree(formula: &Expr) -> Term {
    let apply = |scalar, args: &[&Expr]| Term::Apply(scalar, args.iter().map(|arg| of_tree(arg)).collect());
    match &formula.kind {
        ExprKind::Number(quantity) => Term::Number(quantity.value as f32),
        ExprKind::Bool(truth) => Term::Truth(*truth),
        ExprKind::Name(name) => Term::Name(name.to_string()),
        ExprKind::Unary { op: Unary::Not, operand } => apply(Scalar::Not, &[operand]),
        ExprKind::Unary { op: Unary::Neg, operand } => match of_tree(operand) {
            Term::Number(number) => Term::Number(-number),
            operand => Term::Apply(Scalar::Neg, vec![operand]),
        },
        ExprKind::Binary { op, left, right, .. } => match operator(*op) {
            Some((scalar, false)) => apply(scalar, &[left, right]),
            Some((scalar, true)) => apply(scalar, &[right, left]),
            None => panic!("`{}` in a formula over scalars", op.symbol()),
        },
        ExprKind::Call { callee, args } => {
            let ExprKind::Name(name) = &callee.kind else { panic!("a row calls by name") };
            let scalar = Scalar::named(name).unwrap_or_else(|| panic!("a row calls `{name}`"));
            apply(scalar, &args.iter().map(|arg| &arg.value).collect::<Vec<_>>())
        }
        _ => panic!("no formula over scalars: {}", crate::syntax::print_expr(formula)),
    }
}

/// The scalar that an operator stands for, and whether its operands are exchanged.
pub fn operator(op: Binary) -> Option<(Scalar, bool)> {
    Some(match op {
        Binary::Add => (Scalar::Add, false),
        Binary::Sub => (Scalar::Sub, false),
        Binary::Mul => (Scalar::Mul, false),
        Binary::Div => (Scalar::Div, false),
        Binary::Pow => (Scalar::Pow, false),
        Binary::Eq => (Scalar::Equal, false),
        Binary::Lt => (Scalar::Less, false),
        Binary::Le => (Scalar::LessEqual, false),
        Binary::Gt => (Scalar::Less, true),
        Binary::Ge => (Scalar::LessEqual, true),
        Binary::And => (Scalar::And, false),
        Binary::Or => (Scalar::Or, false),
        Binary::Ne | Binary::MatMul | Binary::Range | Binary::On => return None,
    })
}

impl Term {
    /// The names that are mentioned, each as often as it is.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Term::Name(name) => vec![name],
            Term::Number(_) | Term::Truth(_) => vec![],
            Term::Apply(_, args) => args.iter().flat_map(Term::names).collect(),
        }
    }

    /// The term as nodes of one `shape`, its numbers of type `dtype`; `map` makes the nodes.
    pub fn place(
        &self,
        graph: &mut Graph,
        scope: &dyn Fn(&str) -> Id,
        (shape, dtype): (&[usize], Dtype),
        map: &mut dyn FnMut(&mut Graph, Scalar, &[Id]) -> Id,
    ) -> Id {
        match self {
            Term::Name(name) => scope(name),
            Term::Number(number) if dtype == Dtype::I32 => graph.integer(*number as i32, shape),
            Term::Number(number) => graph.constant(*number, shape),
            Term::Truth(truth) => graph.truth(*truth, shape),
            Term::Apply(scalar, args) => {
                let args: Vec<Id> = args.iter().map(|arg| arg.place(graph, scope, (shape, dtype), map)).collect();
                map(graph, *scalar, &args)
            }
        }
    }
}

/// The formula `text` over the names of `scope`, all f32 of one `shape`.
pub fn build(graph: &mut Graph, text: &'static str, scope: &[(&str, Id)], shape: &[usize]) -> Id {
    let find = |name: &str| match scope.iter().find(|(it, _)| *it == name) {
        Some(&(_, id)) => id,
        None => panic!("a row speaks of `{name}`"),
    };
    term(text).place(graph, &find, (shape, Dtype::F32), &mut |graph, scalar, args| graph.map(scalar, args))
}
