//! Extents: the formulas that stand for sizes in types, and what they are worth.

use std::sync::Arc;

use crate::model::eval::Scope;
use crate::model::lower::{Lower, Outcome};
use crate::model::sizes::{Exact, Join, LARGEST, Round, Size, Trouble};
use crate::model::units::Measure;
use crate::model::value::{Number, Value};
use crate::problem::shapes::*;
use crate::source::Span;
use crate::syntax::print_expr;
use crate::syntax::tree::{Binary, Expr, ExprKind, Unary};

impl Lower<'_> {
    /// A size as a formula in which only free names are unknown.
    pub(super) fn size_formula(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Size> {
        match &expr.kind {
            ExprKind::Name(name) if self.is_free(name, scope) => Ok(Size::Unknown(name.clone(), expr.span)),
            ExprKind::Unary { op: Unary::Neg, operand } => {
                let of = self.size_formula(operand, scope)?;
                Ok(Size::join(Join::Sub, Size::Known(Exact::whole(0)), of, expr.span))
            }
            ExprKind::Binary { op: Binary::Pow, left, right, .. } => {
                let power = self.number(right, scope)?.value;
                let base = self.size_formula(left, scope)?;
                if !(power.fract() == 0.0 && (1.0..=16.0).contains(&power)) {
                    return self.known_size(expr, scope);
                }
                Ok((1..power as u32)
                    .fold(base.clone(), |so_far, _| Size::join(Join::Mul, so_far, base.clone(), expr.span)))
            }
            ExprKind::Binary { op, left, right, .. } => {
                let join = match op {
                    Binary::Add => Join::Add,
                    Binary::Sub => Join::Sub,
                    Binary::Mul => Join::Mul,
                    Binary::Div => Join::Div,
                    _ => return self.known_size(expr, scope),
                };
                let (left, right) = (self.size_formula(left, scope)?, self.size_formula(right, scope)?);
                Ok(Size::join(join, left, right, expr.span))
            }
            ExprKind::Call { callee, args } => {
                let ExprKind::Name(name) = &callee.kind else { return self.known_size(expr, scope) };
                let is_own = scope.get(name).is_some() || self.modules.find(scope.module, name).is_some();
                match (&**name, &args[..]) {
                    ("ceil" | "floor", [of]) if !is_own && of.name.is_none() => {
                        let round = if &**name == "ceil" { Round::Up } else { Round::Down };
                        Ok(Size::round(round, self.size_formula(&of.value, scope)?))
                    }
                    ("min" | "max" | "mod", [a, b]) if !is_own && a.name.is_none() && b.name.is_none() => {
                        let join = match &**name {
                            "min" => Join::Min,
                            "max" => Join::Max,
                            _ => Join::Mod,
                        };
                        let (a, b) = (self.size_formula(&a.value, scope)?, self.size_formula(&b.value, scope)?);
                        Ok(Size::join(join, a, b, expr.span))
                    }
                    _ => self.known_size(expr, scope),
                }
            }
            _ => self.known_size(expr, scope),
        }
    }

    /// A part of a size that is no formula of sizes itself: a number, known before the run.
    fn known_size(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Size> {
        let mut free = None;
        names_in(expr, &mut |name| free = free.take().or(self.is_free(name, scope).then(|| name.clone())));
        if let Some(name) = free {
            let why = format!("sizes are not solved through `{}`", print_expr(expr));
            return Err(self.unsolved(&name, expr.span, Some(why)));
        }
        let number = self.number(expr, scope)?;
        match (number.measure, Exact::of(number.value)) {
            // Pixels are counted.
            (None | Some(Measure::Length), Some(value)) => Ok(match number.inexact {
                Some(division) => Size::Rest(value, division),
                None => Size::Known(value),
            }),
            _ => {
                let (value, at) = (Value::Number(number).noun(), self.blame(expr.span));
                Err(self.report(SizeNotWhole { value, at }))
            }
        }
    }

    /// What a size is worth, as a size that a tensor can have.
    pub(super) fn size_worth(&mut self, size: &Size, span: Span) -> Outcome<usize> {
        let at = self.blame(span);
        let value = match size.worth() {
            Ok(value) => value,
            Err(Trouble::Unknown(name, span)) => return Err(self.unsolved(&name, span, None)),
            Err(Trouble::Inexact(division)) => {
                return Err(self.report(InexactDivision { at: self.blame(division), used: at }));
            }
            Err(Trouble::ByZero) => return Err(self.report(SizeNotWhole { value: "a division by 0".into(), at })),
            Err(Trouble::Overflow) => {
                return Err(self.report(SizeOutOfRange { value: "beyond all numbers".into(), at }));
            }
        };
        match value.as_whole() {
            None => Err(self.report(SizeNotWhole { value: value.to_f64().to_string(), at })),
            Some(whole) if !(1..=LARGEST).contains(&whole) => {
                Err(self.report(SizeOutOfRange { value: whole.to_string(), at }))
            }
            Some(whole) => Ok(whole as usize),
        }
    }

    /// A whole number from 1 on.
    pub fn size(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<usize> {
        let size = self.size_formula(expr, scope)?;
        self.size_worth(&size, expr.span)
    }

    pub fn size_of(&mut self, number: Number, span: Span) -> Outcome<usize> {
        let at = self.blame(span);
        if let Some(division) = number.inexact {
            return Err(self.report(InexactDivision { at: self.blame(division), used: at }));
        }
        if number.value.fract() != 0.0 || !matches!(number.measure, None | Some(Measure::Length)) {
            return Err(self.report(SizeNotWhole { value: Value::Number(number).noun(), at }));
        }
        if !(1.0..=2147483647.0).contains(&number.value) {
            return Err(self.report(SizeOutOfRange { value: number.value.to_string(), at }));
        }
        Ok(number.value as usize)
    }
}

/// Shape variables begin with an upper-case letter. What another file declares is none.
pub fn is_variable(name: &str) -> bool {
    !name.contains('.') && name.chars().next().is_some_and(char::is_uppercase)
}

/// A shape variable for the size of a target that stands in a size of a result, and by how much that is less: 1 in `K - 1`.
pub fn follows_target(size: &Expr) -> Option<(&Arc<str>, usize)> {
    let (name, less) = match &size.kind {
        ExprKind::Name(name) => (name, 0),
        ExprKind::Binary { op: Binary::Sub, left, right, .. } => match (&left.kind, &right.kind) {
            (ExprKind::Name(name), ExprKind::Number(less)) if less.whole => (name, less.value as usize),
            _ => return None,
        },
        _ => return None,
    };
    is_variable(name).then_some((name, less))
}

/// Calls `see` for every name in a formula.
fn names_in(expr: &Expr, see: &mut dyn FnMut(&Arc<str>)) {
    match &expr.kind {
        ExprKind::Name(name) => see(name),
        ExprKind::Unary { operand, .. } => names_in(operand, see),
        ExprKind::Binary { left, right, .. } => {
            names_in(left, see);
            names_in(right, see);
        }
        ExprKind::If { condition, then, otherwise } => {
            [condition, then, otherwise].into_iter().for_each(|it| names_in(it, see));
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|arg| names_in(&arg.value, see)),
        _ => {}
    }
}
