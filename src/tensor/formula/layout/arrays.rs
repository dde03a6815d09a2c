//! Named tensors at places, arrays one behind the other, and calls of functions.

use super::super::expr::{Expr, Kind};
use super::super::term::{Extent, Form, Lambda, Ratio, Term, Var};
use super::{Layout, Written, size};

impl Layout<'_> {
    pub(super) fn leaf(&mut self, name: u32, at: &[Term], axes: &[Var]) -> Option<Written> {
        let mut at = at.to_vec();
        if let Some(&first) = at.first()
            && let Form::Place(var) = self.terms.form(first)
            && var.extent == Extent::Batch
        {
            if self.batch != Some(*var) {
                return None;
            }
            at.remove(0);
        }
        let base = Expr::name(&self.names[name as usize], at.len());
        // Each place is an axis, a stretch of one, or an index.
        let mut picks: Vec<Pick> = vec![];
        for &place in &at {
            picks.push(self.pick(place, axes)?);
        }
        let plain = picks.iter().rposition(|it| matches!(it, Pick::Index(..))).map_or(0, |it| it + 1);
        if picks[..plain].iter().any(|it| !matches!(it, Pick::Index(..))) {
            return None;
        }
        let mut shown: Vec<Var> = vec![];
        let mut indices: Vec<Expr> = vec![];
        for pick in &picks {
            match pick {
                Pick::Index(expr, vars) => {
                    shown.extend(vars);
                    indices.push(expr.clone());
                }
                Pick::Axis(var) | Pick::Part(var, _) => shown.push(*var),
            }
        }
        if picks[..plain].iter().filter(|it| matches!(it, Pick::Index(_, vars) if !vars.is_empty())).count() > 1 {
            return None;
        }
        let stretches = picks.iter().rposition(|it| matches!(it, Pick::Part(..))).map_or(plain, |it| it + 1);
        for (offset, pick) in picks[plain..stretches.max(plain)].iter().enumerate() {
            match pick {
                Pick::Part(var, start) => indices.push(Expr::range(*start, *start + i64::from(size(*var)))),
                // A whole axis before a stretch of another one.
                _ if offset < stretches => return None,
                _ => {}
            }
        }
        let expr = if indices.is_empty() {
            base
        } else {
            Expr { kind: Kind::Index(Box::new(base), indices), rank: shown.len() }
        };
        if axes.ends_with(&shown) {
            return Some((expr, axes.len() - shown.len()));
        }
        let used: Vec<Var> = axes.iter().copied().filter(|it| shown.contains(it)).collect();
        if used.len() != shown.len() || !axes.ends_with(&used) {
            return None;
        }
        let order: Vec<usize> = used.iter().map(|it| shown.iter().position(|s| s == it).expect("shown")).collect();
        let rank = used.len();
        let swapped = order.len() == 2;
        let expr = if swapped {
            Expr::call("transpose", vec![expr], rank)
        } else {
            let order = order.into_iter().map(|it| Expr::number(it as f64)).collect();
            Expr::call("permute", vec![expr, Expr { kind: Kind::List(order), rank: 1 }], rank)
        };
        Some((expr, axes.len() - rank))
    }

    fn pick(&mut self, place: Term, axes: &[Var]) -> Option<Pick> {
        let (constant, terms) = match self.terms.form(place).clone() {
            Form::Add { constant, terms } => (constant, terms),
            _ => (Ratio::ZERO, vec![(place, Ratio::ONE)]),
        };
        if let [(one, Ratio { num: 1.0, den: 1.0 })] = terms[..]
            && let Form::Place(var) = *self.terms.form(one)
            && axes.contains(&var)
        {
            return Some(if constant.is_zero() { Pick::Axis(var) } else { Pick::Part(var, constant.value() as i64) });
        }
        let used = self.used(place, axes);
        let expr = self.written_from(place, &used, 0)?;
        Some(Pick::Index(expr, used))
    }

    pub(super) fn joined(&mut self, parts: &[Lambda], at: Term, axes: &[Var]) -> Option<Written> {
        let Form::Place(var) = *self.terms.form(at) else { return None };
        let place = axes.iter().position(|it| *it == var)?;
        let mut opened = vec![];
        let mut start = place;
        for part in parts {
            let Lambda { vars, body } = self.terms.opened(part);
            let mut axes = axes.to_vec();
            axes[place] = vars[0];
            let (_, first) = self.written(body, &axes)?;
            start = start.min(first);
            opened.push((body, axes));
        }
        let mut exprs = vec![];
        for (body, axes) in opened {
            exprs.push(self.written_from(body, &axes, start)?);
        }
        let rank = axes.len() - start;
        let mut call = Expr::call("concat", exprs, rank);
        if place > start
            && let Kind::Call(_, args) = &mut call.kind
        {
            args.push((Some("axis".into()), Expr::number((place - start) as f64)));
        }
        Some((call, start))
    }

    pub(super) fn called(&mut self, name: u32, arg: &Lambda, at: &[Term], axes: &[Var]) -> Option<Written> {
        let function = self.names[name as usize].clone();
        let Some(&at) = at.first() else {
            let (expr, start) = self.written(arg.body, axes)?;
            return Some((Expr::call(&function, vec![expr], axes.len() - start), start));
        };
        let Lambda { vars, body } = self.terms.opened(arg);
        if let Form::Place(var) = *self.terms.form(at)
            && axes.last() == Some(&var)
        {
            let own = [&axes[..axes.len() - 1], &vars[..]].concat();
            let (expr, start) = self.written(body, &own)?;
            return Some((Expr::call(&function, vec![expr], axes.len() - start), start));
        }
        let expr = self.written_from(body, &vars, 0)?;
        let used = self.used(at, axes);
        if !axes.ends_with(&used) {
            return None;
        }
        let index = self.written_from(at, &used, 0)?;
        let call = Expr::call(&function, vec![expr], 1);
        Some((Expr { kind: Kind::Index(Box::new(call), vec![index]), rank: used.len() }, axes.len() - used.len()))
    }
}

/// How a place of a named tensor is written.
enum Pick {
    Axis(Var),
    /// A stretch of an axis, from here.
    Part(Var, i64),
    /// An index, and its own axes.
    Index(Expr, Vec<Var>),
}
