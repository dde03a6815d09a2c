//! `for` that carries values from turn to turn.
//!
//! The index is a variable of a `for` like any other, and so are all values along it; what is carried stands for itself
//! until the body has said what comes next. The graph then finds what has to be computed turn by turn.

use std::collections::BTreeMap;

use super::Scope;
use crate::model::lower::{Lower, Outcome};
use crate::model::types::{describe, dims};
use crate::model::value::*;
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::source::Span;
use crate::syntax::tree::{Expr, ForBody, Name, Stmt};
use crate::syntax::walk;
use crate::tensor::scan::Carry;

/// A carried value while its turns are lowered.
struct Carried<'t> {
    name: &'t Name,
    start: Tensor,
    place: Tensor,
}

/// What lowering a body leaves behind beside its nodes.
struct Noted {
    stages: usize,
    named: usize,
    loops: usize,
    draws: BTreeMap<String, u32>,
}

impl Noted {
    fn of(lower: &Lower) -> Noted {
        let (stages, named, loops) = (lower.stages.len(), lower.named.len(), lower.loops.len());
        Noted { stages, named, loops, draws: lower.draws.clone() }
    }

    fn restore(&self, lower: &mut Lower) {
        lower.stages.truncate(self.stages);
        lower.named.truncate(self.named);
        lower.loops.truncate(self.loops);
        lower.draws = self.draws.clone();
    }
}

impl Lower<'_> {
    /// The values of `carries` after each turn, side by side: one array, or a tuple of them under their names.
    pub(super) fn recurrence(
        &mut self,
        (index, range): (&Name, &Expr),
        carries: &[(&Name, &Expr)],
        body: &ForBody,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        let mut starts = Vec::new();
        for (name, init) in carries {
            let value = self.evaluate(init, scope)?;
            starts.push((*name, self.tensor_of(value, init.span)?.plain()));
        }
        // What is carried varies as all that its body mentions does, and as whatever comes to it by another way.
        let mut leads: Vec<Lead> = starts.iter().flat_map(|(_, start)| start.lead.iter().copied()).collect();
        for name in walk::names(body) {
            if let Some(value) = scope.get(name) {
                leads_of(value, &mut leads);
            }
        }
        if scope.is_field {
            leads.push(BATCH);
        }
        let mark = scope.mark();
        let turns = self.bind_index(index, range, scope)?;
        let before = Noted::of(self);
        let (carried, nexts) = loop {
            leads.sort_unstable();
            leads.dedup();
            let within = scope.mark();
            let carried = self.carried(&starts, &[&leads[..], &[turns]].concat(), scope);
            let nexts = self.turn(&carried, body, span, scope)?;
            scope.release(within);
            let known = leads.len();
            let more = nexts.iter().flat_map(|next| &next.lead).filter(|it| **it != turns);
            leads.extend(more.filter(|it| !leads[..known].contains(it)).copied().collect::<Vec<_>>());
            if leads.len() == known {
                break (carried, nexts);
            }
            before.restore(self);
        };
        scope.release(mark);
        let along = [&leads[..], &[turns]].concat();
        let mut closed = Vec::new();
        for (it, next) in carried.iter().zip(nexts) {
            let next = self.spread(&next, &along, &it.start.shape);
            let start = self.spread(&it.start, &leads, &it.start.shape);
            closed.push(Carry { place: it.place.id, start, next });
        }
        let Ok(all) = self.graph.scan(leads.len(), false, &closed) else {
            let (what, at) = ("a `for` that carries values within each turn of another".into(), self.blame(span));
            return Err(self.report(NotInThisVersion { what, at, help: None }));
        };
        let mut results = Vec::new();
        for (it, id) in carried.into_iter().zip(all) {
            // The turns come first; they belong behind the unwritten axes.
            let rank = self.graph.shape(id).len();
            let order: Vec<usize> = (1..=leads.len()).chain([0]).chain(leads.len() + 1..rank).collect();
            let id = if order.is_sorted() { id } else { self.graph.permute(id, &order) };
            let names = std::iter::once(AxisName::default()).chain(it.start.names).collect();
            let after = Tensor { names, ..self.tensor(id, leads.clone()) };
            results.push((Some(it.name.text.clone()), Value::Tensor(after)));
        }
        match results.len() {
            1 => Ok(results.remove(0).1),
            _ => Ok(Value::Tuple(results)),
        }
    }

    /// What is carried, as it is before each turn, under its name.
    fn carried<'t>(&mut self, starts: &[(&'t Name, Tensor)], along: &[Lead], scope: &mut Scope) -> Vec<Carried<'t>> {
        let outside: Vec<usize> = along.iter().map(|lead| self.extents[lead.0 as usize]).collect();
        let places = starts.iter().map(|(name, start)| {
            let id = self.graph.carry(&[&outside[..], &start.shape].concat(), start.dtype);
            let place = Tensor { names: start.names.clone(), ..self.tensor(id, along.to_vec()) };
            scope.bind(name.as_str(), Value::Tensor(place.clone()));
            Carried { name, start: start.clone(), place }
        });
        places.collect()
    }

    /// The carried values after a turn: what a block has made of `h'`, or the value of a formula.
    fn turn(&mut self, carried: &[Carried], body: &ForBody, span: Span, scope: &mut Scope) -> Outcome<Vec<Tensor>> {
        match body {
            ForBody::Expr(expr) => {
                let value = self.evaluate(expr, scope)?;
                let values = match (value, carried.len()) {
                    (value, 1) => vec![value],
                    (value, count) => match value.settled() {
                        Value::Tuple(items) if items.len() == count => items.into_iter().map(|(_, it)| it).collect(),
                        other => return Err(self.not_a("one next value for each that is carried", &other, expr.span)),
                    },
                };
                carried
                    .iter()
                    .zip(values)
                    .map(|(it, value)| self.carried_on(&it.place, it.name, value, expr.span))
                    .collect()
            }
            ForBody::Block(statements) => {
                let mark = scope.mark();
                if self.statements(statements, scope, span)?.is_some() {
                    let at = match statements.last() {
                        Some(Stmt::Expr(expr)) => self.blame(expr.span),
                        _ => self.blame(span),
                    };
                    return Err(self.report(CarryWithResult { at }));
                }
                let mut nexts = Vec::new();
                for it in carried {
                    match scope.get(&format!("{}'", it.name.text)) {
                        Some(Value::Tensor(next)) => nexts.push(next.clone()),
                        _ => {
                            let (name, at) = (it.name.text.to_string(), self.blame(it.name.span));
                            return Err(self.report(CarryWithoutNext { name, at }));
                        }
                    }
                }
                scope.release(mark);
                Ok(nexts)
            }
        }
    }

    /// Holds the next value of what is carried against its type.
    pub(super) fn carried_on(&mut self, place: &Tensor, name: &Name, value: Value, span: Span) -> Outcome<Tensor> {
        let next = match value.settled() {
            Value::Number(number) => self.constant(number.value, place.dtype),
            value => self.tensor_of(value, span)?,
        };
        if place.shape.ends_with(&next.shape) && place.dtype == next.dtype {
            self.meet(&format!("{}'", name.text), &[place, &next], span)?;
            return Ok(next.plain());
        }
        let at = self.blame(span);
        let (wanted, found) = (describe(place), describe(&next));
        let help = (place.dtype == next.dtype)
            .then(|| format!("start it with the shape that it has: `{} ~ zeros({})`", name.text, list(&next.shape)));
        let declared = self.blame(name.span);
        let callee = format!("`{}'`", name.text);
        Err(self.report(ResultMismatch { callee, wanted, found, at, declared, help }))
    }
}

/// `[2, 3]`, also of no sizes.
fn list(shape: &[usize]) -> String {
    if shape.is_empty() { "[1]".into() } else { dims(shape) }
}

/// The unwritten axes of all tensors within a value.
fn leads_of(value: &Value, leads: &mut Vec<Lead>) {
    match value {
        Value::Tensor(tensor) => leads.extend(&tensor.lead),
        Value::List(items) => items.iter().for_each(|item| leads_of(item, leads)),
        Value::Tuple(items) => items.iter().for_each(|(_, item)| leads_of(item, leads)),
        Value::Stage(stage) => leads_of(&stage.value, leads),
        Value::Callable(callee) => callee.given.iter().for_each(|given| leads_of(&given.value, leads)),
        Value::Number(_) | Value::Bool(_) | Value::Text(_) | Value::Word(_) | Value::Range(..) => {}
    }
}
