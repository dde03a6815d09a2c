//! From terms to expressions of the language: as few places as possible, whole arrays where arrays will do.
//!
//! An expression stands where some axes are wanted, and gives the last of them: the language lets a shorter shape meet a
//! longer one that ends with it. The batch is never written. What cannot be said with whole arrays becomes a `for`.

use super::expr::{Expr, Kind, Op};
use super::term::{Extent, Factors, Form, Lambda, Ratio, Term, Terms, Var};
use crate::scalar::Scalar;

mod arrays;
mod sums;

/// Writes terms as expressions.
pub struct Layout<'a> {
    pub terms: &'a mut Terms,
    /// The names of leaves and functions.
    pub names: &'a [String],
    /// Which example is meant: the batch's own variable within a mean over it.
    batch: Option<Var>,
    /// The variables of the `for`s around, by name.
    loops: Vec<(Var, String)>,
}

/// An expression, and the first of the wanted axes that it has.
type Written = (Expr, usize);

impl<'a> Layout<'a> {
    pub fn new(terms: &'a mut Terms, names: &'a [String]) -> Layout<'a> {
        Layout { terms, names, batch: None, loops: vec![] }
    }

    /// The whole array. `None` where examples meet in a way that the language has no words for.
    pub fn array(&mut self, lambda: &Lambda) -> Option<Expr> {
        let Lambda { vars, body } = self.terms.opened(lambda);
        let axes = match vars.first() {
            Some(var) if var.extent == Extent::Batch => {
                self.batch = Some(*var);
                &vars[1..]
            }
            _ => &vars[..],
        };
        self.written_from(body, axes, 0)
    }

    /// The expression with all axes from `start`.
    pub(super) fn written_from(&mut self, term: Term, axes: &[Var], start: usize) -> Option<Expr> {
        let (expr, first) = self.written(term, axes)?;
        Some((start..first).rev().fold(expr, |expr, axis| expanded(expr, 0, axes[axis])))
    }

    pub(super) fn written(&mut self, term: Term, axes: &[Var]) -> Option<Written> {
        let used = self.used(term, axes);
        let start = used.first().map_or(axes.len(), |it| axes.iter().position(|axis| axis == it).expect("one of them"));
        if used.len() == axes.len() - start
            && let Some(written) = self.plain(term, axes)
        {
            return Some(written);
        }
        if used.len() != axes.len() - start {
            // Some axes are missing in between.
            if let Some(written) = self.gaps(term, axes, &used, start) {
                return Some(written);
            }
        }
        self.looped(term, axes, start)
    }

    pub(super) fn used(&self, term: Term, axes: &[Var]) -> Vec<Var> {
        axes.iter().copied().filter(|&axis| self.terms.has(term, axis)).collect()
    }

    /// `for i in 2, j in 3 => …`
    pub(super) fn looped(&mut self, term: Term, axes: &[Var], start: usize) -> Option<Written> {
        if start == axes.len() {
            return None;
        }
        let mark = self.loops.len();
        for &axis in &axes[start..] {
            let name = ["i", "j", "k", "l", "m", "n"]
                .into_iter()
                .find(|name| self.loops.iter().all(|it| it.1 != *name) && !self.names.iter().any(|it| it == name));
            let name = name.map_or_else(|| format!("i{}", self.loops.len()), str::to_string);
            self.loops.push((axis, name));
        }
        let body = self.written(term, &[]);
        let loops: Vec<(String, u32)> = self.loops.drain(mark..).map(|(var, name)| (name, size(var))).collect();
        let (body, _) = body?;
        let rank = loops.len() + body.rank;
        Some((Expr { kind: Kind::For(loops, Box::new(body)), rank }, start))
    }

    /// A term that lacks some of the axes behind its first.
    pub(super) fn gaps(&mut self, term: Term, axes: &[Var], used: &[Var], start: usize) -> Option<Written> {
        let expr = self.written_from(term, used, 0)?;
        let missing = (start..axes.len()).filter(|&at| !used.contains(&axes[at]));
        Some((missing.fold(expr, |expr, at| expanded(expr, at - start, axes[at])), start))
    }

    /// What depends on the first axes times what depends on the others.
    pub(super) fn outer(&mut self, by: Ratio, factors: &Factors, axes: &[Var]) -> Option<Expr> {
        let speaks_of_all = |it: &(Term, i32)| {
            matches!(self.terms.form(it.0), Form::Count | Form::Sum(Var { extent: Extent::Batch, .. }, _))
        };
        if axes.len() != 2 || factors.iter().any(speaks_of_all) {
            return None;
        }
        let (mut left, mut right): (Factors, Factors) = (vec![], vec![]);
        for &(factor, power) in factors {
            match self.used(factor, axes)[..] {
                [one] if one == axes[0] => left.push((factor, power)),
                [one] if one == axes[1] => right.push((factor, power)),
                [] => right.push((factor, power)),
                _ => return None,
            }
        }
        let (left, right) = (self.terms.mul(&left, Ratio::ONE), self.terms.mul(&right, by));
        if !self.terms.has(left, axes[0]) || !self.terms.has(right, axes[1]) {
            return None;
        }
        let left = self.written_from(left, &axes[..1], 0)?;
        let right = self.written_from(right, &axes[1..], 0)?;
        Some(Expr::call("outer", vec![left, right], 2))
    }

    /// A term that has all axes from its first on.
    pub(super) fn plain(&mut self, term: Term, axes: &[Var]) -> Option<Written> {
        match self.terms.form(term).clone() {
            Form::Add { constant, terms } if !(terms.len() == 1 && constant.is_zero()) => {
                let (content, common, rest) = self.terms.primitive(term, false);
                if content.abs() != Ratio::ONE && common.is_empty() {
                    let (expr, start) = self.written(rest, axes)?;
                    return Some((product(content, vec![(false, expr)]), start));
                }
                self.added(constant, &terms, axes)
            }
            Form::Add { .. } | Form::Mul(_) => self.multiplied(term, axes),
            Form::Sum(Var { extent: Extent::Batch, .. }, _) => self.multiplied(term, axes),
            Form::Count => {
                let one = Expr::number(1.0);
                Some((Expr::over("sum", one, Expr::name("batch", 0), 0), axes.len()))
            }
            Form::Leaf { name, at } => self.leaf(name, &at, axes),
            Form::Place(var) => match self.loops.iter().find(|it| it.0 == var) {
                Some((_, name)) => Some((Expr::name(name, 0), axes.len())),
                None if axes.last() == Some(&var) => {
                    let size = Expr::number(f64::from(size(var)));
                    Some((Expr::call("positions", vec![size], 1), axes.len() - 1))
                }
                None => None,
            },
            Form::Truth(truth) => Some((Expr::name(if truth { "yes" } else { "no" }, 0), axes.len())),
            Form::Map(scalar, args) => self.mapped(scalar, &args, axes),
            Form::Sum(var, body) => self.summed(var, body, axes, false),
            Form::Max(var, body) => self.largest(var, body, axes),
            Form::Join { parts, at } => self.joined(&parts, at, axes),
            Form::Call { name, arg, at } => self.called(name, &arg, &at, axes),
        }
    }

    // -------------------------------------------------------------------------------------------- arithmetic

    /// All at these axes, and the first axis of the longest.
    pub(super) fn all(&mut self, terms: &[Term], axes: &[Var]) -> Option<(Vec<Expr>, usize)> {
        let mut exprs = vec![];
        let mut start = axes.len();
        for &term in terms {
            let (expr, first) = self.written(term, axes)?;
            start = start.min(first);
            exprs.push(expr);
        }
        Some((exprs, start))
    }

    pub(super) fn added(&mut self, constant: Ratio, terms: &[(Term, Ratio)], axes: &[Var]) -> Option<Written> {
        // What is added before what is taken away, the number first, then the longer before the shorter.
        let mut order: Vec<(Term, Ratio)> = terms.to_vec();
        order.sort_by_key(|&(it, by)| {
            let crosses = self.crosses(it);
            (by.is_negative(), !crosses, std::cmp::Reverse(self.terms.weight(it)), it)
        });
        let mut parts: Vec<(bool, Expr)> = vec![];
        let mut start = axes.len();
        for (term, by) in order {
            let size = self.terms.scaled(term, by.abs());
            let (expr, first) = self.written(size, axes)?;
            start = start.min(first);
            parts.push((by.is_negative(), expr));
        }
        if !constant.is_zero() {
            let at = if constant.is_negative() { parts.len() } else { 0 };
            parts.insert(at, (constant.is_negative(), Expr::ratio(constant.abs())));
        }
        if parts.is_empty() {
            return Some((Expr::number(0.0), axes.len()));
        }
        let mut parts = parts.into_iter();
        let (negative, first) = parts.next().expect("a part");
        let first = if negative { first.negated() } else { first };
        let sum =
            parts.fold(first, |sum, (negative, expr)| Expr::infix(if negative { Op::Sub } else { Op::Add }, sum, expr));
        Some((sum, start))
    }

    /// Whether a term is a sum over the examples.
    pub(super) fn crosses(&self, term: Term) -> bool {
        let (_, factors) = self.terms.split(term);
        factors.iter().any(|it| matches!(self.terms.form(it.0), Form::Sum(Var { extent: Extent::Batch, .. }, _)))
    }

    pub(super) fn multiplied(&mut self, term: Term, axes: &[Var]) -> Option<Written> {
        let (mut by, mut factors) = self.terms.split(term);
        let used = self.used(term, axes);
        if let Some(product) = self.outer(by, &factors, &used) {
            return Some((product, axes.len() - 2));
        }
        let count = self.terms.count();
        let mut exprs: Vec<(bool, Expr)> = vec![];
        let mut start = axes.len();
        // Sums over the batch with the number of examples below them are means; so are sums over an axis with its extent.
        let mut sums: Vec<(Var, Term, bool)> = vec![];
        for at in 0..factors.len() {
            let Form::Sum(var, body) = self.terms.form(factors[at].0).clone() else { continue };
            if factors[at].1 != 1 {
                continue;
            }
            let mean = match var.extent {
                Extent::Batch => match factors.iter_mut().find(|it| it.0 == count && it.1 < 0) {
                    Some(it) => {
                        it.1 += 1;
                        true
                    }
                    None => false,
                },
                Extent::Of(extent) => {
                    let mean = by.den % f64::from(extent) == 0.0 && extent > 1 && !self.is_product(var, body, axes);
                    if mean {
                        by = by.times(Ratio::of(f64::from(extent)));
                    }
                    mean
                }
            };
            factors[at].1 = 0;
            sums.push((var, body, mean));
        }
        let mut order: Vec<(Term, i32)> = factors.into_iter().filter(|it| it.1 != 0).collect();
        order.sort_by_key(|&(it, _)| (self.place_in_product(it, axes), it));
        for (factor, power) in order {
            let (expr, first) = self.written(factor, axes)?;
            let expr = match power.abs() {
                1 => expr,
                more => Expr::infix(Op::Pow, expr, Expr::number(f64::from(more))),
            };
            start = start.min(first);
            exprs.push((power < 0, expr));
        }
        for (var, body, mean) in sums {
            let (expr, first) = self.summed(var, body, axes, mean)?;
            start = start.min(first);
            exprs.push((false, expr));
        }
        Some((product(by, exprs), start))
    }

    /// Scalars before arrays, names before sums.
    pub(super) fn place_in_product(&self, term: Term, axes: &[Var]) -> (usize, u32) {
        (self.used(term, axes).len(), self.terms.weight(term))
    }

    pub(super) fn mapped(&mut self, scalar: Scalar, args: &[Term], axes: &[Var]) -> Option<Written> {
        match scalar {
            Scalar::Less => {
                let (a, b) = self.sides(args[1]);
                let (mut exprs, start) = self.all(&[a, b], axes)?;
                let b = exprs.pop()?;
                Some((Expr::infix(Op::Less, exprs.pop()?, b), start))
            }
            Scalar::Not => {
                if let Form::Map(Scalar::Less, inner) = self.terms.form(args[0]).clone() {
                    let (a, b) = self.sides(inner[1]);
                    let (mut exprs, start) = self.all(&[b, a], axes)?;
                    let a = exprs.pop()?;
                    return Some((Expr::infix(Op::LessEqual, exprs.pop()?, a), start));
                }
                let (expr, start) = self.written(args[0], axes)?;
                let rank = expr.rank;
                Some((Expr { kind: Kind::Not(Box::new(expr)), rank }, start))
            }
            Scalar::Equal | Scalar::And | Scalar::Or => {
                let op = match scalar {
                    Scalar::Equal => Op::Equal,
                    Scalar::And => Op::And,
                    _ => Op::Or,
                };
                let (mut exprs, start) = self.all(args, axes)?;
                let b = exprs.pop()?;
                Some((Expr::infix(op, exprs.pop()?, b), start))
            }
            Scalar::ToF32 => {
                if let Form::Map(Scalar::Equal, sides) = self.terms.form(args[0]).clone()
                    && let Some(written) = self.one_hot(&sides, axes)
                {
                    return Some(written);
                }
                let (expr, start) = self.written(args[0], axes)?;
                let rank = expr.rank;
                Some((Expr::call("cast", vec![expr, Expr::name("f32", 0)], rank), start))
            }
            Scalar::ToI32 => {
                let (expr, start) = self.written(args[0], axes)?;
                let rank = expr.rank;
                Some((Expr::call("cast", vec![expr, Expr::name("i32", 0)], rank), start))
            }
            Scalar::Div => {
                let (mut exprs, start) = self.all(args, axes)?;
                let b = exprs.pop()?;
                Some((Expr::infix(Op::Div, exprs.pop()?, b), start))
            }
            Scalar::Pow => {
                let (mut exprs, start) = self.all(args, axes)?;
                let b = exprs.pop()?;
                Some((Expr::infix(Op::Pow, exprs.pop()?, b), start))
            }
            _ => {
                let name = if scalar == Scalar::Select { "where" } else { scalar.def().name };
                let (exprs, start) = self.all(args, axes)?;
                Some((Expr::call(name, exprs, axes.len() - start), start))
            }
        }
    }

    /// `0 < b - a` as `a` and `b`.
    pub(super) fn sides(&mut self, difference: Term) -> (Term, Term) {
        let (constant, terms) = match self.terms.form(difference).clone() {
            Form::Add { constant, terms } => (constant, terms),
            _ => (Ratio::ZERO, vec![(difference, Ratio::ONE)]),
        };
        let (low, high): (Vec<_>, Vec<_>) = terms.into_iter().partition(|it| it.1.is_negative());
        let low: Vec<(Term, Ratio)> = low.into_iter().map(|(it, by)| (it, by.negated())).collect();
        let (mut below, mut above) = (Ratio::ZERO, Ratio::ZERO);
        if high.is_empty() || !low.is_empty() && !constant.is_negative() {
            above = constant;
        } else {
            below = constant.negated();
        }
        (self.terms.add(&low, below), self.terms.add(&high, above))
    }

    /// `one_hot(y, n)`: whether the last axis is at `y`.
    pub(super) fn one_hot(&mut self, sides: &[Term], axes: &[Var]) -> Option<Written> {
        let last = *axes.last()?;
        let own = self.terms.place(last);
        let index = match sides[..] {
            [a, b] if a == own => b,
            [a, b] if b == own => a,
            _ => return None,
        };
        if self.terms.has(index, last) {
            return None;
        }
        let before = &axes[..axes.len() - 1];
        let used = self.used(index, before);
        if !before.ends_with(&used) {
            return None;
        }
        let index = self.written_from(index, &used, 0)?;
        let rank = used.len() + 1;
        Some((Expr::call("one_hot", vec![index, Expr::number(f64::from(size(last)))], rank), axes.len() - rank))
    }
}

fn size(var: Var) -> u32 {
    match var.extent {
        Extent::Of(extent) => extent,
        Extent::Batch => unreachable!("the batch is never written"),
    }
}

fn expanded(expr: Expr, at: usize, axis: Var) -> Expr {
    let rank = expr.rank + 1;
    Expr::call("expand", vec![expr, Expr::number(at as f64), Expr::number(f64::from(size(axis)))], rank)
}

/// A coefficient, and factors above and below the line.
fn product(by: Ratio, factors: Vec<(bool, Expr)>) -> Expr {
    let (below, above): (Vec<_>, Vec<_>) = factors.into_iter().partition(|it| it.0);
    let multiply = |number: Option<f64>, exprs: Vec<(bool, Expr)>| {
        let number = number.map(Expr::number).into_iter();
        number.chain(exprs.into_iter().map(|it| it.1)).reduce(|a, b| Expr::infix(Op::Mul, a, b))
    };
    let mut size = by.abs();
    // A quotient of numbers that are not whole is one number.
    if size.den.fract() != 0.0 && size.num != 1.0 {
        size = Ratio::of(size.num / size.den);
    }
    // A number that is whole but for its last figure is what single precision has left of it.
    let whole = |it: f64| if (it - it.round()).abs() < 2e-7 * it { it.round() } else { it };
    let size = Ratio { num: whole(size.num), den: whole(size.den) };
    let number = Some(size.num).filter(|it| *it != 1.0 || above.is_empty());
    let above = multiply(number, above).expect("a number at least");
    let below = multiply(Some(size.den).filter(|it| *it != 1.0), below);
    let quotient = match below {
        Some(below) => Expr::infix(Op::Div, above, below),
        None => above,
    };
    if by.is_negative() { quotient.negated() } else { quotient }
}
