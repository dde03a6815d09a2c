//! Axes: what the axes of tensors say of the names in their types, one by one and all together.

use std::sync::Arc;

use super::{Mismatch, REST, is_variable};
use crate::model::eval::Scope;
use crate::model::lower::{Lower, Reported};
use crate::model::sizes::systems::{self, System};
use crate::model::sizes::{Size, Solution};
use crate::model::value::{AxisName, Number, Value};
use crate::problem::Problem;
use crate::problem::shapes::*;
use crate::source::Span;
use crate::syntax::print_expr;
use crate::syntax::tree::{Dim, Expr, ExprKind};

/// That a size, written as a formula, is so large.
#[derive(Clone, Debug)]
pub struct AxisFact {
    expr: Expr,
    axis: usize,
    found: usize,
    /// Which of several inputs says so.
    pub input: usize,
}

impl AxisFact {
    /// The formula is worth something else.
    fn mismatch(&self, wanted: Option<usize>) -> Unfit {
        let text = print_expr(&self.expr);
        let wanted = match wanted {
            Some(size) if text != size.to_string() => format!("{text} = {size}"),
            _ => text,
        };
        Unfit { input: self.input, mismatch: Mismatch::Extent { axis: self.axis, wanted, found: self.found } }
    }

    /// The formula and its size, in words and where it stands.
    pub fn told(&self) -> (String, Span) {
        (format!("`{}` = {}", print_expr(&self.expr), self.found), self.expr.span)
    }
}

/// Which of several inputs does not fit, and why.
#[derive(Clone, Debug)]
pub struct Unfit {
    pub input: usize,
    pub mismatch: Mismatch,
}

impl From<Reported> for Unfit {
    fn from(Reported: Reported) -> Unfit {
        Unfit { input: 0, mismatch: Mismatch::Silent }
    }
}

impl Lower<'_> {
    /// Holds the axes of a shape against those of a type. What they leave open joins the scope's open facts.
    pub(super) fn fit_axes(
        &mut self,
        dims: &[Dim],
        shape: &[usize],
        scope: &mut Scope,
        names: &mut [AxisName],
    ) -> Result<(), Mismatch> {
        let rest = dims.iter().position(|dim| matches!(dim, Dim::Rest(_)));
        let fixed = dims.len() - usize::from(rest.is_some());
        if (rest.is_none() && fixed != shape.len()) || fixed > shape.len() {
            return Err(Mismatch::Rank { wanted: fixed, found: shape.len() });
        }
        let open = shape.len() - fixed;
        let after = |at: usize| if rest.is_some_and(|rest| at > rest) { at + open - 1 } else { at };
        let placed: Vec<(usize, &Dim)> = dims.iter().enumerate().map(|(at, dim)| (after(at), dim)).collect();
        if let Some(mismatch) = self.out_of_order(&placed, names) {
            return Err(mismatch);
        }
        let (mut axis, mut facts) = (0, Vec::new());
        for dim in dims {
            if let Dim::Rest(_) = dim {
                let sizes = shape[axis..axis + open].iter().map(|&size| Value::Number(Number::size(size))).collect();
                scope.bind(REST, Value::List(sizes));
                axis += open;
            } else {
                facts.extend(self.axis_fact(dim, shape[axis], axis, scope, names.get_mut(axis)));
                axis += 1;
            }
        }
        self.fit_facts(facts, scope)
    }

    /// What an axis says: that a formula is worth what was found. A name that is free takes it.
    pub(super) fn axis_fact(
        &mut self,
        dim: &Dim,
        found: usize,
        axis: usize,
        scope: &mut Scope,
        name: Option<&mut AxisName>,
    ) -> Option<AxisFact> {
        let (label, expr) = match dim {
            Dim::Rest(_) => return None,
            Dim::Named { name: label, value } => {
                scope.bind(label.as_str(), Value::Number(Number::size(found)));
                (Some(label), value)
            }
            Dim::Expr(expr) => (None, expr),
        };
        let variable = match &expr.kind {
            ExprKind::Name(variable) => Some(variable),
            _ => None,
        };
        if let Some(name) = name {
            if let Some(called) = label.map(|label| &label.text).or(variable) {
                name.called = Some(called.clone());
            }
            if let Some(label) = label {
                self.label(name, label, scope);
            }
        }
        match (variable, &expr.kind) {
            (Some(variable), _) if self.is_free(variable, scope) => {
                scope.bind(variable, Value::Number(Number::size(found)));
                None
            }
            // A class's words in place of their number.
            (_, ExprKind::Text(_)) => None,
            _ => Some(AxisFact { axis, found, expr: expr.clone(), input: 0 }),
        }
    }

    /// Finds what facts about one tensor say. What it leaves open waits for the others.
    pub(super) fn fit_facts(&mut self, facts: Vec<AxisFact>, scope: &mut Scope) -> Result<(), Mismatch> {
        let open = self.settle_facts(facts, scope).map_err(|unfit| unfit.mismatch)?;
        scope.open.extend(open);
        Ok(())
    }

    /// Finds what facts say of the names that are free: first those that say one alone, then those that do so together.
    /// What stays open comes back; all else is held against what was found.
    pub fn settle_facts(&mut self, facts: Vec<AxisFact>, scope: &mut Scope) -> Result<Vec<AxisFact>, Unfit> {
        let mut known = Vec::new();
        let mut open = facts;
        loop {
            let mut formulas = Vec::new();
            for fact in open {
                let size = self.size_formula(&fact.expr, scope)?;
                let place = if size.unknowns().is_empty() { &mut known } else { &mut formulas };
                place.push((fact, size));
            }
            let found = self.found_in(&formulas)?;
            open = formulas.into_iter().map(|(fact, _)| fact).collect();
            if found.is_empty() {
                break;
            }
            for (name, size) in found {
                scope.bind(&name, Value::Number(Number::size(size)));
            }
        }
        known.sort_by_key(|(fact, _)| (fact.input, fact.axis));
        for (fact, size) in known {
            let wanted = self.size_worth(&size, fact.expr.span)?;
            if wanted != fact.found {
                return Err(fact.mismatch(Some(wanted)));
            }
        }
        Ok(open)
    }

    /// The next names that the facts tell, each of which has some.
    fn found_in(&self, formulas: &[(AxisFact, Size)]) -> Result<Vec<(Arc<str>, usize)>, Unfit> {
        for (fact, size) in formulas {
            if let [name] = &size.unknowns()[..] {
                match size.solve(fact.found) {
                    Solution::One(size) => return Ok(vec![(name.clone(), size)]),
                    Solution::None => return Err(fact.mismatch(None)),
                    Solution::Several(..) | Solution::Unclear => {}
                }
            }
        }
        match systems::solve(&together(formulas)) {
            System::Fixed(sizes, _) => Ok(sizes.into_iter().collect()),
            System::Clash(which) => {
                let facts: Vec<AxisFact> = which.iter().map(|&at| formulas[at].0.clone()).collect();
                let input = facts.iter().map(|fact| fact.input).max().unwrap_or(0);
                Err(Unfit { input, mismatch: Mismatch::Clash(facts) })
            }
        }
    }

    /// Whether a name is a size that nothing has said yet.
    pub(super) fn is_free(&mut self, name: &str, scope: &Scope) -> bool {
        is_variable(name) && scope.get(name).is_none() && self.constant_named(scope, name).is_none()
    }

    pub(super) fn unsolved(&mut self, name: &str, span: Span, why: Option<String>) -> Reported {
        let mut problem = Problem::from(SizeUnsolved { name: name.to_string(), at: self.blame(span) });
        problem.notes.extend(why);
        self.report(problem)
    }

    /// Says that sizes stay open, all inputs being there.
    pub fn stays_open(&mut self, open: &[AxisFact], scope: &mut Scope) -> Reported {
        let mut formulas = Vec::new();
        for fact in open {
            let Ok(size) = self.size_formula(&fact.expr, scope) else { return Reported };
            formulas.push((fact.clone(), size));
        }
        let (fact, size) = &formulas[0];
        let (formula, found, names) = (print_expr(&fact.expr), fact.found, size.unknowns());
        let why = match (&names[..], size.solve(found), systems::solve(&together(&formulas))) {
            ([name], Solution::Several(one, other), _) => {
                format!("`{formula}` is {found} for {name} = {one}, and for {name} = {other} too")
            }
            ([name], ..) => format!("`{formula}` is {found}, and that is not solved for `{name}`"),
            (_, _, System::Fixed(_, Some([one, other]))) if names.iter().all(|it| one.contains_key(it)) => {
                let told = |way: &systems::Sizes| {
                    let sizes: Vec<String> = names.iter().map(|it| format!("{it} = {}", way[it])).collect();
                    crate::problem::list(&sizes)
                };
                format!("`{formula}` is {found} for {}, and for {} too", told(&one), told(&other))
            }
            _ => {
                let names: Vec<String> = names.iter().map(|it| it.to_string()).collect();
                let of = crate::problem::list(&crate::problem::ticked(&names));
                format!("`{formula}` is {found}, which says too little of {of}")
            }
        };
        self.unsolved(&names[0], fact.expr.span, Some(why))
    }
}

fn together(formulas: &[(AxisFact, Size)]) -> Vec<systems::Fact> {
    formulas.iter().map(|(fact, size)| (size.clone(), fact.found)).collect()
}
