//! `for` as a formula: one value for each index, side by side.

use super::Scope;
use crate::model::lower::{Lower, Outcome};
use crate::model::recognised::Looped;
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::scalar::{Dtype, Scalar};
use crate::source::Span;
use crate::syntax::tree::{Binder, Expr, ForBody, Name};

impl Lower<'_> {
    pub(super) fn comprehension(
        &mut self,
        binders: &[Binder],
        body: &ForBody,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        let start = self.graph.len() as u32;
        let within = std::mem::replace(&mut self.looping, true);
        let value = self.looped(binders, body, span, scope);
        self.looping = within;
        let first = match &value {
            Ok(Value::Tensor(tensor)) => Some(tensor.id),
            Ok(Value::Tuple(items)) => match items.first() {
                Some((_, Value::Tensor(tensor))) => Some(tensor.id),
                _ => None,
            },
            _ => None,
        };
        if let Some(value) = first.filter(|_| !within && !self.in_library(span)) {
            let binders: Vec<String> = binders.iter().map(Binder::to_string).collect();
            let (text, nodes) = (format!("for {}", binders.join(", ")), start..self.graph.len() as u32);
            self.loops.push(Looped { text, span, nodes, value });
        }
        value
    }

    fn looped(&mut self, binders: &[Binder], body: &ForBody, span: Span, scope: &mut Scope) -> Outcome<Value> {
        let (mut indices, mut carries) = (Vec::new(), Vec::new());
        for binder in binders {
            match binder {
                Binder::Over { name, range } => indices.push((name, range)),
                Binder::Carry { name, init } => carries.push((name, init)),
            }
        }
        match (&indices[..], &carries[..]) {
            (_, []) => self.array(&indices, body, span, scope),
            (&[index], _) => self.recurrence(index, &carries, body, span, scope),
            (indices, _) => {
                let at = indices.get(1).map_or(carries[0].0.span, |(name, _)| name.span);
                let (count, at) = (indices.len(), self.blame(at));
                Err(self.report(CarryAlongOne { count, at }))
            }
        }
    }

    /// One value for each index.
    fn array(&mut self, indices: &[(&Name, &Expr)], body: &ForBody, span: Span, scope: &mut Scope) -> Outcome<Value> {
        let mark = scope.mark();
        let mut leads = Vec::new();
        for (name, range) in indices {
            leads.push(self.bind_index(name, range, scope)?);
        }
        let value = match body {
            ForBody::Expr(expr) => self.evaluate(expr, scope)?,
            ForBody::Block(statements) => match self.statements(statements, scope, span)? {
                Some(value) => value,
                None => {
                    let at = self.blame(span);
                    let (wanted, found) = ("a body that ends in a formula".into(), "a body without a result".into());
                    return Err(self.report(WrongKind { wanted, found, at, help: None }));
                }
            },
        };
        let mut tensor = self.tensor_of(value, span)?;
        for lead in leads.iter().rev() {
            tensor = self.bring_in(&tensor, *lead);
        }
        scope.release(mark);
        Ok(Value::Tensor(tensor))
    }

    /// Gives an index its name: a whole number that is all of its range at once.
    pub(super) fn bind_index(&mut self, name: &Name, range: &Expr, scope: &mut Scope) -> Outcome<Lead> {
        let (start, extent) = match self.evaluate(range, scope)?.settled() {
            Value::Range(low, high) => {
                let extent = Number { value: high.value - low.value, ..high };
                (low.value, self.size_of(extent, range.span)?)
            }
            Value::Number(number) => (0.0, self.size_of(number, range.span)?),
            Value::Word(word) => {
                let at = self.blame(range.span);
                return Err(self.report(SizeUnsolved { name: word.to_string(), at }));
            }
            other => return Err(self.not_a("a size or a range", &other, range.span)),
        };
        let lead = self.new_lead(extent);
        let variable = self.variable(lead);
        let offset = self.constant(start, Dtype::I32);
        let variable =
            if start == 0.0 { variable } else { self.map(Scalar::Add, &[&variable, &offset]).expect("both i32") };
        scope.bind(name.as_str(), Value::Tensor(variable));
        Ok(lead)
    }
}
