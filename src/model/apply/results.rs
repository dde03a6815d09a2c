//! Results: held against the type that a definition promises.

use crate::model::eval::Scope;
use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::modules::Definition;
use crate::model::types::{Mismatch, describe};
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::training::other_count;
use crate::source::Span;
use crate::syntax::tree::{Kind, Type, TypeKind};

impl Lower<'_> {
    pub fn checked_result(&mut self, form: &Definition, value: Value, scope: &mut Scope, span: Span) -> Outcome<Value> {
        let callable = &form.callable;
        let Some(ty) = &callable.result else { return Ok(value) };
        if let TypeKind::Tuple(parts) = &ty.kind {
            let Value::Tuple(items) = value.settled() else {
                let at = self.blame(span);
                let (wanted, found) = ("several values".into(), "one value".into());
                return Err(self.report(WrongKind { wanted, found, at, help: None }));
            };
            let mut checked = Vec::new();
            for (label, item) in items {
                let ty = parts.iter().find(|(name, _)| name.as_ref().map(|name| &name.text) == label.as_ref());
                checked.push(match ty {
                    Some((_, ty)) => (label, self.checked_part(form, ty, item, scope, span)?),
                    None => (label, item),
                });
            }
            return Ok(Value::Tuple(checked));
        }
        self.checked_part(form, ty, value, scope, span)
    }

    fn checked_part(
        &mut self,
        form: &Definition,
        ty: &Type,
        value: Value,
        scope: &mut Scope,
        span: Span,
    ) -> Outcome<Value> {
        if form.callable.kind == Kind::Metric
            && matches!(&ty.kind, TypeKind::Named { name, .. } if matches!(name.as_str(), "score" | "error"))
        {
            return Ok(value);
        }
        let place = self.result_place(form, span);
        let tensor = self.tensor_of(value, place)?;
        match self.result(&tensor, ty, scope) {
            Ok(tensor) => match &std::mem::take(&mut scope.open)[..] {
                [] => Ok(Value::Tensor(tensor)),
                open => Err(self.stays_open(open, scope)),
            },
            Err(Mismatch::Silent) => Err(Reported),
            Err(mismatch) => {
                if let Some(problem) = self.miscounted(form, ty, &tensor, place) {
                    return Err(self.report(problem));
                }
                let callee = format!("the {} `{}`", form.callable.kind.noun(), form.callable.name.text);
                if let Mismatch::Order { .. } | Mismatch::Clash(_) = mismatch {
                    return Err(self.mismatch(mismatch, &callee, "result", ty, &tensor, place));
                }
                let wanted = self.type_text(ty);
                let found = describe(&tensor);
                let at = place;
                let help = match (&mismatch, tensor.meaning) {
                    (Mismatch::Type { .. }, Meaning::Prob) => {
                        Some("leave the softmax or sigmoid away: the loss applies it itself, in a form that keeps all figures".into())
                    }
                    // A size that is said by its name alone does not tell what it is worth.
                    (Mismatch::Extent { wanted, found, .. }, _) if wanted.contains('=') => Some(other_count(wanted, *found)),
                    (Mismatch::Type { .. }, Meaning::LogProb) => Some(format!("declare `-> {found}`")),
                    _ => None,
                };
                Err(self.report(ResultMismatch { callee, wanted, found, at, declared: ty.span, help }))
            }
        }
    }

    /// Where a definition says what it gives: its last formula, if it is the user's own.
    fn result_place(&self, form: &Definition, span: Span) -> Span {
        use crate::syntax::tree::{Body, ExprKind, Stmt};
        if self.in_library(form.callable.head) {
            return self.blame(span);
        }
        let last = match &form.callable.body {
            Body::Formula(expr) => Some(expr),
            Body::Block(statements) => statements.iter().rev().find_map(|it| match it {
                Stmt::Expr(expr) => Some(expr),
                _ => None,
            }),
        };
        match last {
            Some(expr) => match &expr.kind {
                ExprKind::Pipe { stages, .. } => stages.last().map_or(expr.span, |stage| stage.span),
                _ => expr.span,
            },
            None => form.callable.head,
        }
    }
}
