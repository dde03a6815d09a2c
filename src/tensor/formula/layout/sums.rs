//! Reductions over an axis, products of matrices among them.

use super::super::expr::{Expr, Kind, Op};
use super::super::term::{Extent, Factors, Form, Lambda, Ratio, Term, Var};
use super::{Layout, Written};

impl Layout<'_> {
    pub(super) fn summed(&mut self, var: Var, body: Term, axes: &[Var], mean: bool) -> Option<Written> {
        let word = if mean { "mean" } else { "sum" };
        let Lambda { vars, body } = self.terms.opened(&Lambda { vars: vec![var], body });
        let var = vars[0];
        if var.extent == Extent::Batch {
            let outer = self.batch.replace(var);
            // One number in a row is a number too.
            let written = match *self.terms.form(body) {
                Form::Sum(one, inner) if one.extent == Extent::Of(1) && axes.is_empty() => {
                    let Lambda { vars, body } = self.terms.opened(&Lambda { vars: vec![one], body: inner });
                    self.written(body, &vars).map(|it| (it.0.with_rank(0), 0))
                }
                _ => self.written(body, axes),
            };
            self.batch = outer;
            let (expr, start) = written?;
            return Some((Expr::over(word, expr, Expr::name("batch", 0), axes.len() - start), start));
        }
        let used: Vec<Var> = self.used(body, axes);
        if !axes.ends_with(&used) {
            return None;
        }
        let start = axes.len() - used.len();
        if !mean && let Some(product) = self.product_of(var, body, &used) {
            return Some((product, start));
        }
        let last = [&used[..], &[var]].concat();
        let expr = self.written_from(body, &last, 0)?;
        let rank = used.len();
        // A sum over everything needs no axes; several sums over everything are one.
        let expr = if used.is_empty() {
            match expr.kind {
                Kind::Call(ref name, ref args)
                    if name == word && matches!(args[..], [_, (Some(_), _)]) && is_last(args) =>
                {
                    Expr::call(word, vec![args[0].1.clone()], 0)
                }
                _ => Expr::call(word, vec![expr], 0),
            }
        } else {
            Expr::over(word, expr, Expr::name("last", 0), rank)
        };
        Some((expr, start))
    }

    /// Whether a sum over `var` will be written as a product of matrices.
    pub(super) fn is_product(&mut self, var: Var, body: Term, axes: &[Var]) -> bool {
        let Lambda { vars, body } = self.terms.opened(&Lambda { vars: vec![var], body });
        let used = self.used(body, axes);
        self.product_of(vars[0], body, &used).is_some()
    }

    /// `a @ b`: the last axis of `a` against the first of `b`. Of several ways the shortest.
    pub(super) fn product_of(&mut self, var: Var, body: Term, axes: &[Var]) -> Option<Expr> {
        if axes.is_empty() {
            return None;
        }
        let (by, factors) = self.terms.split(body);
        let mut best: Option<Expr> = None;
        for columns in 0..=1.min(axes.len()) {
            let (rows, column) = axes.split_at(axes.len() - columns);
            let (mut left, mut right, mut free): (Factors, Factors, Factors) = (vec![], vec![], vec![]);
            let mut fits = true;
            for &(factor, power) in &factors {
                let (in_rows, in_column) = (!self.used(factor, rows).is_empty(), !self.used(factor, column).is_empty());
                match (in_rows, in_column) {
                    (true, true) => fits = false,
                    (true, false) => left.push((factor, power)),
                    (false, true) => right.push((factor, power)),
                    (false, false) => free.push((factor, power)),
                }
            }
            // What depends on the summed axis alone goes where something is missing, else to what is no plain name.
            if left.is_empty() || right.is_empty() {
                if left.is_empty() { left = free } else { right = free }
            } else if left.len() > 1 || right.len() == 1 {
                left.extend(free);
            } else {
                right.extend(free);
            }
            if !fits || left.is_empty() || right.is_empty() {
                continue;
            }
            let (left, right) = (self.terms.mul(&left, Ratio::ONE), self.terms.mul(&right, by));
            if !self.terms.has(left, var) || !self.terms.has(right, var) {
                continue;
            }
            let left_axes = [rows, &[var]].concat();
            let right_axes = [&[var], column].concat();
            let (Some(left), Some(right)) =
                (self.written_from(left, &left_axes, 0), self.written_from(right, &right_axes, 0))
            else {
                continue;
            };
            let product = Expr::infix(Op::MatMul, left, right).with_rank(axes.len());
            if best.as_ref().is_none_or(|it| product.length() < it.length()) {
                best = Some(product);
            }
        }
        best
    }

    pub(super) fn largest(&mut self, var: Var, body: Term, axes: &[Var]) -> Option<Written> {
        let Lambda { vars, body } = self.terms.opened(&Lambda { vars: vec![var], body });
        let used = self.used(body, axes);
        if !axes.ends_with(&used) {
            return None;
        }
        let last = [&used[..], &vars[..]].concat();
        let expr = self.written_from(body, &last, 0)?;
        let rank = used.len();
        let expr = if rank == 0 {
            Expr::call("max", vec![expr], 0)
        } else {
            Expr::over("max", expr, Expr::name("last", 0), rank)
        };
        Some((expr, axes.len() - rank))
    }
}

/// Whether a reduction goes over the last axis.
fn is_last(args: &[(Option<String>, Expr)]) -> bool {
    args[1].1.kind == Kind::Name("last".into())
}
