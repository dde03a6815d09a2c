//! Bodies: their statements one after the other, and what stays unsaid after a mistake.

use std::sync::Arc;

use super::Scope;
use super::scope::{Bound, join};
use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::training::AugmentationKeeps;
use crate::problem::values::*;
use crate::source::Span;
use crate::syntax::tree::{Body, Expr, ExprKind, Kind, Name, Pattern, Stmt};

impl Lower<'_> {
    /// The value of a body: of its last formula, if it ends in one.
    pub fn body(&mut self, body: &Body, scope: &mut Scope, span: Span) -> Outcome<Option<Value>> {
        match body {
            Body::Formula(expr) => self.evaluate(expr, scope).map(Some),
            Body::Block(statements) => self.statements(statements, scope, span),
        }
    }

    pub(super) fn statements(&mut self, statements: &[Stmt], scope: &mut Scope, span: Span) -> Outcome<Option<Value>> {
        let (mut last, mut sound) = (None, true);
        for statement in statements {
            last = None;
            let done = match statement {
                Stmt::Expr(expr) => self.evaluate(expr, scope).map(|value| last = Some(value)),
                other => self.statement(other, scope, span),
            };
            // The others may have mistakes of their own; about what depends on this one they stay silent.
            if done.is_err() {
                sound = false;
                names_of(statement, &mut |name| scope.push(name.text.clone(), Bound::Unknown));
                // Nor do they make sense where a requirement of theirs is not met.
                if let Stmt::Broken(_) | Stmt::Require { .. } = statement {
                    return Err(Reported);
                }
            }
        }
        if sound { Ok(last) } else { Err(Reported) }
    }

    pub(super) fn statement(&mut self, statement: &Stmt, scope: &mut Scope, span: Span) -> Outcome<()> {
        match statement {
            Stmt::Param(place) | Stmt::State(place) => {
                let trained = matches!(statement, Stmt::Param(_));
                if self.definitions.last().is_some_and(|it| it.kind == Kind::Augmentation) {
                    let (name, at) = (place.name.text.to_string(), place.name.span);
                    return Err(self.report(AugmentationKeeps { name, at }));
                }
                if let Some(Bound::Place { place: first, .. }) = scope.find(&place.name.text) {
                    let (name, at, first) = (place.name.text.to_string(), place.name.span, first.name.span);
                    return Err(self.report(NameTwice { name, at, first }));
                }
                let place = Arc::new(place.clone());
                scope.push(place.name.text.clone(), Bound::Place { place, trained });
                Ok(())
            }
            Stmt::Fit { name, value, .. } => {
                let value = self.fitted(value, scope)?;
                scope.bind(name.as_str(), Value::Tensor(value));
                Ok(())
            }
            Stmt::Require { condition, message, span: at } => match self.evaluate(condition, scope)?.settled() {
                Value::Bool(true) => Ok(()),
                Value::Bool(false) => {
                    let message = message.as_ref().map(|text| text.value.to_string()).unwrap_or_default();
                    let place = self.calls.last().copied().unwrap_or(span);
                    let facts = self.facts(condition, scope);
                    let (callee, declared) = (self.blamed(), Some(*at).filter(|&it| !self.in_library(it)));
                    let at = self.blame(place);
                    Err(self.report(RequirementUnmet { callee, message, facts, at, declared }))
                }
                other => Err(self.not_a("a condition known before the run", &other, condition.span)),
            },
            Stmt::Bind { pattern, value, .. } => self.bind(pattern, value, scope),
            Stmt::Expr(_) => unreachable!("a formula is the body's own"),
            Stmt::Broken(_) => Err(Reported),
        }
    }

    /// What a condition speaks of, and how much it is: `units = 0`.
    fn facts(&mut self, condition: &Expr, scope: &mut Scope) -> Vec<String> {
        let mut places = Vec::new();
        spoken_of(condition, &mut places);
        let mut facts: Vec<String> = Vec::new();
        for place in places {
            let found = self.attempt(|lower| lower.evaluate(place, scope));
            let value = match found.map(Value::settled) {
                Ok(value @ (Value::Number(_) | Value::Bool(_))) => value.noun(),
                Ok(Value::Word(word)) => word.to_string(),
                _ => continue,
            };
            let fact = format!("{} = {value}", crate::syntax::print_expr(place));
            let says_itself = matches!(&place.kind, ExprKind::Name(name) if **name == *value);
            if !says_itself && !facts.contains(&fact) {
                facts.push(fact);
            }
        }
        facts
    }

    pub(super) fn bind(&mut self, pattern: &Pattern, value: &Expr, scope: &mut Scope) -> Outcome<()> {
        let result = self.evaluate(value, scope)?;
        match pattern {
            Pattern::One(target) if target.next => self.bind_next(&target.name, result, value.span, scope),
            Pattern::One(target) => {
                if !self.in_library(target.name.span) {
                    self.note(&join(&scope.path, target.name.as_str()), &result);
                }
                scope.bind(target.name.as_str(), result);
                Ok(())
            }
            Pattern::Tuple(targets) => {
                let items = match result.settled() {
                    Value::Tuple(items) => items.into_iter().map(|(_, item)| item).collect(),
                    Value::List(items) => items,
                    other => return Err(self.not_a("several values", &other, value.span)),
                };
                if items.len() != targets.len() {
                    let (wanted, found) = (targets.len(), items.len());
                    let at = self.blame(value.span);
                    let declared = self.blame(targets[0].name.span);
                    return Err(self.report(InputCount { callee: "the pattern".into(), wanted, found, at, declared }));
                }
                for (target, item) in targets.iter().zip(items) {
                    if target.next {
                        self.bind_next(&target.name, item, value.span, scope)?;
                    } else {
                        scope.bind(target.name.as_str(), item);
                    }
                }
                Ok(())
            }
        }
    }
}

/// The names and the indexed names of a formula, in order.
fn spoken_of<'e>(expr: &'e Expr, places: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Index { .. } => places.push(expr),
        ExprKind::Unary { operand, .. } => spoken_of(operand, places),
        ExprKind::Binary { left, right, .. } => {
            spoken_of(left, places);
            spoken_of(right, places);
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|arg| spoken_of(&arg.value, places)),
        _ => {}
    }
}

/// The names that a statement gives to values.
pub(super) fn names_of(statement: &Stmt, see: &mut impl FnMut(&Name)) {
    match statement {
        Stmt::Param(place) | Stmt::State(place) => see(&place.name),
        Stmt::Fit { name, .. } => see(name),
        Stmt::Bind { pattern, value, .. } => {
            let targets = match pattern {
                Pattern::One(target) => std::slice::from_ref(target),
                Pattern::Tuple(targets) => targets,
            };
            for target in targets {
                // Of `x'` only the next value is lost.
                match target.next {
                    true => see(&Name::new(format!("{}'", target.name.text), target.name.span)),
                    false => see(&target.name),
                }
            }
            stage_names(value, see);
        }
        Stmt::Expr(expr) => stage_names(expr, see),
        Stmt::Require { .. } | Stmt::Broken(_) => {}
    }
}

/// The names that the stages of a pipeline are given.
fn stage_names(expr: &Expr, see: &mut impl FnMut(&Name)) {
    match &expr.kind {
        ExprKind::As { expr, name } => {
            see(name);
            stage_names(expr, see);
        }
        ExprKind::Pipe { head, stages } => {
            stage_names(head, see);
            stages.iter().for_each(|stage| stage_names(stage, see));
        }
        ExprKind::Binary { left, right, .. } => {
            stage_names(left, see);
            stage_names(right, see);
        }
        ExprKind::Call { args, .. } | ExprKind::Tuple(args) => args.iter().for_each(|arg| stage_names(&arg.value, see)),
        ExprKind::Unary { operand, .. } => stage_names(operand, see),
        _ => {}
    }
}
