//! Binders: sums, largest elements and arrays, and what it means to put something for a variable.

use super::term::{Extent, Factors, Form, Lambda, Ratio, Term, Terms, Var};
use crate::scalar::Scalar;

impl Terms {
    pub fn sum(&mut self, var: Var, body: Term) -> Term {
        let (mut by, factors) = self.split(body);
        let (mut outer, mut inner): (Factors, Factors) = (vec![], vec![]);
        // What all of a sum has in common may stand outside.
        let mut open: Factors = vec![];
        for (factor, power) in factors {
            let (content, common, rest) =
                if power == 1 { self.primitive(factor, false) } else { (Ratio::ONE, vec![], factor) };
            by = by.times(content);
            open.extend(common);
            open.push((rest, power));
        }
        for (factor, power) in open {
            match self.form(factor).clone() {
                _ if !self.has(factor, var) => outer.push((factor, power)),
                Form::Map(Scalar::Exp, args) => {
                    let Form::Add { constant, terms } = self.form(args[0]).clone() else {
                        inner.push((factor, power));
                        continue;
                    };
                    let (with, without): (Vec<_>, Vec<_>) = terms.into_iter().partition(|it| self.has(it.0, var));
                    let (with, without) = (self.add(&with, constant), self.add(&without, Ratio::ZERO));
                    inner.push((self.map(Scalar::Exp, &[with]), power));
                    outer.push((self.map(Scalar::Exp, &[without]), power));
                }
                _ => inner.push((factor, power)),
            }
        }
        if inner.is_empty() {
            match var.extent {
                Extent::Batch => outer.push((self.count(), 1)),
                Extent::Of(extent) => by = by.times(Ratio::of(f64::from(extent))),
            }
            return self.mul(&outer, by);
        }
        let total = self.sum_of(var, &inner);
        outer.push((total, 1));
        self.mul(&outer, by)
    }

    pub(super) fn sum_of(&mut self, var: Var, factors: &Factors) -> Term {
        if let Some(at) = factors.iter().position(|it| it.1 == 1 && self.chosen(it.0, var).is_some()) {
            let (place, value) = self.chosen(factors[at].0, var).expect("found");
            let mut rest = factors.clone();
            rest[at] = (value, 1);
            let body = self.mul(&rest, Ratio::ONE);
            return self.substitute(body, &[(var, place)]);
        }
        let body = self.mul(factors, Ratio::ONE);
        let closed = self.closed(&Lambda { vars: vec![var], body });
        let kept = self.intern(Form::Sum(closed.vars[0], closed.body));
        if let Form::Add { constant, terms } = self.form(body).clone() {
            let mut parts = vec![];
            for (term, by) in terms {
                parts.push((self.sum(var, term), by));
            }
            let one = self.number(Ratio::ONE);
            let ones = self.sum(var, one);
            parts.push((ones, constant));
            let spread = self.add(&parts, Ratio::ZERO);
            if self.weight(spread) < self.weight(kept) {
                return spread;
            }
        }
        kept
    }

    /// A factor that is zero at all places of `var` but one: that place, and the value there.
    pub(super) fn chosen(&mut self, factor: Term, var: Var) -> Option<(Term, Term)> {
        let (condition, value) = match self.form(factor).clone() {
            Form::Map(Scalar::ToF32, args) => (args[0], None),
            Form::Map(Scalar::Select, args) if self.is_number(args[2], 0.0) => (args[0], Some(args[1])),
            _ => return None,
        };
        let Form::Map(Scalar::Equal, sides) = self.form(condition).clone() else { return None };
        let own = self.place(var);
        let place = match sides[..] {
            [a, b] if a == own && !self.has(b, var) => b,
            [a, b] if b == own && !self.has(a, var) => a,
            _ => return None,
        };
        // A computed index lies within the axis; a place of a longer axis may not.
        let within = match self.form(place) {
            Form::Place(other) => other.extent <= var.extent,
            Form::Leaf { .. } => true,
            _ => false,
        };
        let one = self.number(Ratio::ONE);
        within.then_some((place, value.unwrap_or(one)))
    }

    pub fn max(&mut self, var: Var, body: Term) -> Term {
        if !self.has(body, var) {
            return body;
        }
        let closed = self.closed(&Lambda { vars: vec![var], body });
        self.intern(Form::Max(closed.vars[0], closed.body))
    }

    pub fn join(&mut self, parts: Vec<Lambda>, at: Term) -> Term {
        // At a place that is known, one part is meant.
        if let Some(place) = self.as_number(at) {
            let mut before = 0.0;
            for part in &parts {
                let Extent::Of(extent) = part.vars[0].extent else { unreachable!("no batch is joined") };
                if place.value() < before + f64::from(extent) {
                    let own = self.number(Ratio::of(place.value() - before));
                    return self.at(part, &[own]);
                }
                before += f64::from(extent);
            }
        }
        let parts = parts.iter().map(|part| self.closed(part)).collect();
        self.intern(Form::Join { parts, at })
    }

    /// The same array under variables that say only how deep its sums are nested.
    pub(super) fn closed(&mut self, lambda: &Lambda) -> Lambda {
        let level = self.level(lambda.body);
        let bound: Vec<Var> =
            lambda.vars.iter().enumerate().map(|(at, it)| Var { id: level + 1 + at as u32, ..*it }).collect();
        let places: Vec<(Var, Term)> =
            lambda.vars.iter().copied().zip(bound.iter().map(|&it| self.place(it)).collect::<Vec<_>>()).collect();
        Lambda { body: self.substitute(lambda.body, &places), vars: bound }
    }

    /// An element of an array.
    pub fn at(&mut self, lambda: &Lambda, places: &[Term]) -> Term {
        let map: Vec<(Var, Term)> = lambda.vars.iter().copied().zip(places.iter().copied()).collect();
        self.substitute(lambda.body, &map)
    }

    /// The array under new variables.
    pub fn opened(&mut self, lambda: &Lambda) -> Lambda {
        let vars: Vec<Var> = lambda.vars.iter().map(|it| self.var(it.extent)).collect();
        let places: Vec<Term> = vars.iter().map(|&it| self.place(it)).collect();
        Lambda { body: self.at(lambda, &places), vars }
    }

    pub fn substitute(&mut self, term: Term, map: &[(Var, Term)]) -> Term {
        self.rebuild(term, &mut |terms, it| {
            if !map.iter().any(|(var, _)| terms.has(it, *var)) {
                return Some(it);
            }
            match terms.form(it).clone() {
                Form::Place(var) => map.iter().find(|(from, _)| *from == var).map(|&(_, to)| to),
                Form::Sum(var, body) => {
                    let under = terms.substituted(&Lambda { vars: vec![var], body }, map);
                    Some(terms.sum(under.vars[0], under.body))
                }
                Form::Max(var, body) => {
                    let under = terms.substituted(&Lambda { vars: vec![var], body }, map);
                    Some(terms.max(under.vars[0], under.body))
                }
                Form::Join { parts, at } => {
                    let parts = parts.iter().map(|part| terms.substituted(part, map)).collect();
                    let at = terms.substitute(at, map);
                    Some(terms.join(parts, at))
                }
                Form::Call { name, arg, at } => {
                    let arg = terms.substituted(&arg, map);
                    let at = at.into_iter().map(|it| terms.substitute(it, map)).collect();
                    Some(terms.call(name, arg, at))
                }
                _ => None,
            }
        })
    }

    /// Substitution under a binder, whose variables become new ones.
    pub(super) fn substituted(&mut self, lambda: &Lambda, map: &[(Var, Term)]) -> Lambda {
        let vars: Vec<Var> = lambda.vars.iter().map(|it| self.var(it.extent)).collect();
        let mut map = map.to_vec();
        for (&from, &to) in lambda.vars.iter().zip(&vars) {
            map.push((from, self.place(to)));
        }
        Lambda { vars, body: self.substitute(lambda.body, &map) }
    }

    /// The term with other parts: what `on` gives for a part, from the outside in, else the part built again.
    pub fn rebuild(&mut self, term: Term, on: &mut dyn FnMut(&mut Terms, Term) -> Option<Term>) -> Term {
        if let Some(other) = on(self, term) {
            return other;
        }
        match self.form(term).clone() {
            Form::Count | Form::Place(_) | Form::Truth(_) => term,
            Form::Leaf { name, at } => {
                let at = at.into_iter().map(|it| self.rebuild(it, on)).collect();
                self.leaf(name, at)
            }
            Form::Add { constant, terms } => {
                let terms: Vec<(Term, Ratio)> = terms.into_iter().map(|(it, by)| (self.rebuild(it, on), by)).collect();
                self.add(&terms, constant)
            }
            Form::Mul(factors) => {
                let factors: Factors = factors.into_iter().map(|(it, power)| (self.rebuild(it, on), power)).collect();
                self.mul(&factors, Ratio::ONE)
            }
            Form::Map(scalar, args) => {
                let args: Vec<Term> = args.into_iter().map(|it| self.rebuild(it, on)).collect();
                self.map(scalar, &args)
            }
            Form::Sum(var, body) => {
                let lambda = self.rebuilt(&Lambda { vars: vec![var], body }, on);
                self.sum(lambda.vars[0], lambda.body)
            }
            Form::Max(var, body) => {
                let lambda = self.rebuilt(&Lambda { vars: vec![var], body }, on);
                self.max(lambda.vars[0], lambda.body)
            }
            Form::Join { parts, at } => {
                let parts = parts.iter().map(|part| self.rebuilt(part, on)).collect();
                let at = self.rebuild(at, on);
                self.join(parts, at)
            }
            Form::Call { name, arg, at } => {
                let arg = self.rebuilt(&arg, on);
                let at = at.into_iter().map(|it| self.rebuild(it, on)).collect();
                self.call(name, arg, at)
            }
        }
    }

    pub(super) fn rebuilt(&mut self, lambda: &Lambda, on: &mut dyn FnMut(&mut Terms, Term) -> Option<Term>) -> Lambda {
        let Lambda { vars, body } = self.opened(lambda);
        Lambda { vars, body: self.rebuild(body, on) }
    }
}
