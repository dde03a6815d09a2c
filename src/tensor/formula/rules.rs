//! Recognition: what the library's functions look like in normal form, and where a term looks so.
//!
//! A function becomes a rule by being read itself, so none is named here: a term that is its body with something for its
//! input is a call of it.

use super::term::{Extent, Factors, Form, Lambda, Ratio, Term, Terms, Var};

/// A function of one input, as a term over elements of that input.
#[derive(Clone)]
pub struct Rule {
    /// The name of the function among those of leaves.
    pub name: u32,
    /// The leaf that stands for the input.
    pub input: u32,
    /// The axis of input and result, where the function takes a row.
    pub axis: Option<Var>,
    pub by: Ratio,
    pub factors: Factors,
    /// Where the body is `R / (R + q)`: the term `R + q`, and `q`. Then `1 / (R + q)` is what the call lacks to one, over `q`.
    pub complement: Option<(Term, Ratio)>,
}

/// What is known while a pattern is laid on a term.
#[derive(Clone, Default)]
struct Match {
    input: Option<Lambda>,
    vars: Vec<(Var, Var)>,
}

impl Terms {
    /// The rule for `body`, the value of a function; nothing if all kinds of terms would look like it.
    pub fn rule(&mut self, name: u32, input: u32, axis: Option<Var>, body: Term) -> Option<Rule> {
        let (by, factors) = self.split(body);
        let is_input = |it: Term| matches!(self.form(it), Form::Leaf { .. });
        // The input and a number would be any sum.
        let bare = |it: Term| matches!(self.form(it), Form::Add { terms, .. } if terms.iter().all(|it| is_input(it.0)));
        let telling = match &factors[..] {
            [] => false,
            [(one, 1)] if bare(*one) => false,
            [(one, power)] => {
                *power == 1 && !is_input(*one) && !matches!(self.form(*one), Form::Map(_, args) if args.len() == 1)
            }
            _ => factors.iter().any(|it| !is_input(it.0)),
        };
        if !telling {
            return None;
        }
        let complement = factors.iter().find(|it| it.1 == -1).and_then(|&(sum, _)| {
            let above: Factors = factors.iter().copied().filter(|it| it.0 != sum).collect();
            let above = self.mul(&above, Ratio::ONE);
            let rest = self.minus(sum, above);
            let rest = self.as_number(rest).filter(|it| !it.is_zero() && by == Ratio::ONE)?;
            Some((sum, rest))
        });
        let mut factors = factors;
        // What binds the axis comes first.
        factors.sort_by_key(|it| !matches!(self.form(it.0), Form::Sum(..)));
        Some(Rule { name, input, axis, by, factors, complement })
    }

    /// The term with calls for what looks like them.
    pub fn recognised(&mut self, term: Term, rules: &[Rule]) -> Term {
        match self.form(term).clone() {
            Form::Sum(var, body) => {
                let Lambda { vars, body } = self.opened(&Lambda { vars: vec![var], body });
                let body = self.recognised(body, rules);
                self.sum(vars[0], body)
            }
            Form::Max(var, body) => {
                let Lambda { vars, body } = self.opened(&Lambda { vars: vec![var], body });
                let body = self.recognised(body, rules);
                self.max(vars[0], body)
            }
            Form::Mul(_) => {
                // The whole before its parts: a longer match is a better one.
                for rule in rules {
                    if let Some(other) = self.product_by(term, rule) {
                        return self.recognised(other, rules);
                    }
                }
                self.parts_recognised(term, rules)
            }
            Form::Add { terms, .. } if terms.len() < 2 => self.parts_recognised(term, rules),
            Form::Map(..) | Form::Add { .. } => {
                for rule in rules {
                    if let [(pattern, 1)] = rule.factors[..]
                        && let Some(call) = self.whole_by(term, pattern, rule)
                    {
                        return self.recognised(call, rules);
                    }
                }
                self.parts_recognised(term, rules)
            }
            Form::Join { parts, at } => {
                let parts = parts.iter().map(|part| self.lambda_recognised(part, rules)).collect();
                self.join(parts, at)
            }
            Form::Call { name, arg, at } => {
                let arg = self.lambda_recognised(&arg, rules);
                self.call(name, arg, at)
            }
            Form::Count | Form::Leaf { .. } | Form::Place(_) | Form::Truth(_) => term,
        }
    }

    fn lambda_recognised(&mut self, lambda: &Lambda, rules: &[Rule]) -> Lambda {
        let Lambda { vars, body } = self.opened(lambda);
        Lambda { vars, body: self.recognised(body, rules) }
    }

    fn parts_recognised(&mut self, term: Term, rules: &[Rule]) -> Term {
        match self.form(term).clone() {
            Form::Add { constant, terms } => {
                let terms: Vec<(Term, Ratio)> =
                    terms.into_iter().map(|(it, by)| (self.recognised(it, rules), by)).collect();
                self.add(&terms, constant)
            }
            Form::Mul(factors) => {
                let factors: Factors =
                    factors.into_iter().map(|(it, power)| (self.recognised(it, rules), power)).collect();
                self.mul(&factors, Ratio::ONE)
            }
            Form::Map(scalar, args) => {
                let args: Vec<Term> = args.into_iter().map(|it| self.recognised(it, rules)).collect();
                self.map(scalar, &args)
            }
            _ => term,
        }
    }

    /// A call for some of the factors of a product.
    fn product_by(&mut self, term: Term, rule: &Rule) -> Option<Term> {
        let (by, factors) = self.split(term);
        if rule.factors.len() > 1 {
            let mut found = Match::default();
            let mut rest = factors.clone();
            if self.factors_match(&rule.factors, &mut rest, rule, &mut found) {
                let call = self.called(rule, &found)?;
                rest.push((call, 1));
                return Some(self.mul(&rest, by.times(rule.by.power(-1))));
            }
        }
        let (sum, rest) = rule.complement?;
        for &(factor, power) in factors.iter().filter(|it| it.1 < 0) {
            let mut found = Match::default();
            if self.matches(sum, factor, rule, &mut found) {
                let call = self.called(rule, &found)?;
                let lack = self.add(&[(call, Ratio::MINUS)], Ratio::ONE);
                let mut others: Factors = factors.iter().copied().filter(|it| it.0 != factor).collect();
                others.push((lack, -power));
                return Some(self.mul(&others, by.times(rest.power(power))));
            }
        }
        None
    }

    /// A call for a term, or for some of the terms of a sum.
    fn whole_by(&mut self, term: Term, pattern: Term, rule: &Rule) -> Option<Term> {
        let mut found = Match::default();
        let mut rest: Vec<(Term, Ratio)> = vec![];
        let mut number = Ratio::ZERO;
        match (self.form(pattern).clone(), self.form(term).clone()) {
            (Form::Add { constant, terms }, Form::Add { constant: other, terms: others }) => {
                rest = others;
                number = other.plus(constant.negated());
                if !self.sums_match(&terms, &mut rest, rule, &mut found) {
                    return None;
                }
            }
            _ if !self.matches(pattern, term, rule, &mut found) => return None,
            _ => {}
        }
        let call = self.called(rule, &found)?;
        rest.push((call, rule.by.power(-1)));
        Some(self.add(&rest, number))
    }

    fn called(&mut self, rule: &Rule, found: &Match) -> Option<Term> {
        let arg = found.input.clone()?;
        let at = match rule.axis {
            None => vec![],
            Some(axis) => {
                let var = found.vars.iter().find(|it| it.0 == axis)?.1;
                vec![self.place(var)]
            }
        };
        Some(self.call(rule.name, arg, at))
    }

    fn factors_match(&mut self, patterns: &Factors, rest: &mut Factors, rule: &Rule, found: &mut Match) -> bool {
        let Some(&(pattern, power)) = patterns.first() else { return true };
        for at in 0..rest.len() {
            let (factor, has) = rest[at];
            if has.signum() != power.signum() || has.abs() < power.abs() {
                continue;
            }
            let (before, mut trial) = (found.clone(), rest.clone());
            trial[at].1 -= power;
            trial.retain(|it| it.1 != 0);
            if self.matches(pattern, factor, rule, found)
                && self.factors_match(&patterns[1..].to_vec(), &mut trial, rule, found)
            {
                *rest = trial;
                return true;
            }
            *found = before;
        }
        false
    }

    /// Whether `term` is `pattern` with something for the rule's input.
    fn matches(&mut self, pattern: Term, term: Term, rule: &Rule, found: &mut Match) -> bool {
        match (self.form(pattern).clone(), self.form(term).clone()) {
            (Form::Leaf { name, at }, _) if name == rule.input => self.is_input(&at, term, found),
            (Form::Add { constant, terms }, Form::Add { constant: other, terms: others }) => {
                let mut rest = others;
                constant == other && self.sums_match(&terms, &mut rest, rule, found) && rest.is_empty()
            }
            (Form::Mul(factors), Form::Mul(others)) => {
                let mut rest = others;
                factors.len() == rest.len() && self.factors_match(&factors, &mut rest, rule, found) && rest.is_empty()
            }
            (Form::Map(scalar, args), Form::Map(other, others)) => {
                scalar == other && args.iter().zip(&others).all(|(&a, &b)| self.matches(a, b, rule, found))
            }
            (Form::Sum(var, body), Form::Sum(other, inner)) | (Form::Max(var, body), Form::Max(other, inner)) => {
                if (var.extent == Extent::Batch) != (other.extent == Extent::Batch) {
                    return false;
                }
                let own = self.var(other.extent);
                let place = self.place(own);
                let (body, inner) = (self.substitute(body, &[(var, place)]), self.substitute(inner, &[(other, place)]));
                found.vars.push((own, own));
                self.matches(body, inner, rule, found)
            }
            _ => pattern == term,
        }
    }

    /// Takes from `rest` the terms that are those of the pattern.
    fn sums_match(
        &mut self,
        patterns: &[(Term, Ratio)],
        rest: &mut Vec<(Term, Ratio)>,
        rule: &Rule,
        found: &mut Match,
    ) -> bool {
        let Some(&(pattern, by)) = patterns.first() else { return true };
        for (at, &(term, own)) in rest.clone().iter().enumerate() {
            if own != by {
                continue;
            }
            let before = found.clone();
            let mut trial = rest.clone();
            trial.remove(at);
            if self.matches(pattern, term, rule, found) && self.sums_match(&patterns[1..], &mut trial, rule, found) {
                *rest = trial;
                return true;
            }
            *found = before;
        }
        false
    }

    /// Whether `term` can be the input's element at the pattern's places.
    fn is_input(&mut self, at: &[Term], term: Term, found: &mut Match) -> bool {
        let Some(&at) = at.first() else {
            return match &found.input {
                Some(input) => input.body == term,
                None => {
                    found.input = Some(Lambda { vars: vec![], body: term });
                    true
                }
            };
        };
        let Form::Place(own) = self.form(at).clone() else { return false };
        let var = found.vars.iter().find(|it| it.0 == own).map(|it| it.1);
        match (found.input.clone(), var) {
            (None, None) => false,
            (None, Some(var)) => {
                found.input = Some(Lambda { vars: vec![var], body: term });
                true
            }
            (Some(input), Some(var)) => {
                let place = self.place(var);
                self.at(&input, &[place]) == term
            }
            (Some(input), None) => {
                for var in self.free(term).to_vec() {
                    let place = self.place(var);
                    if var.extent == input.vars[0].extent && self.at(&input, &[place]) == term {
                        found.vars.push((own, var));
                        return true;
                    }
                }
                false
            }
        }
    }
}
