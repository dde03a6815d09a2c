//! Expressions: what each form of the language is worth.

mod bodies;
mod calls;
mod comprehension;
mod indexing;
mod names;
mod operands;
mod operators;
mod pipelines;
mod places;
mod recurrence;
mod scope;

pub use scope::{Scope, join};

use super::lower::{Lower, Outcome, Reported};
use super::types::describe;
use super::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::scalar::Dtype;
use crate::source::Span;
use crate::syntax::tree::{Binary, Expr, ExprKind};

/// Formulas within formulas, through all definitions on the way; more would not fit on the stack of a thread.
const MOST_LEVELS: usize = 800;

impl Lower<'_> {
    pub fn evaluate(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        if self.levels == MOST_LEVELS {
            let at = self.blame(expr.span);
            return Err(self.report(DefinedTooDeep { at }));
        }
        self.levels += 1;
        let value = self.value(expr, scope);
        self.levels -= 1;
        value
    }

    fn value(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        match &expr.kind {
            ExprKind::Number(quantity) => Ok(Value::Number(Number::written(quantity))),
            ExprKind::Text(text) => Ok(Value::Text(text.clone())),
            ExprKind::Bool(value) => Ok(Value::Bool(*value)),
            ExprKind::Name(name) => self.name(name, expr.span, scope),
            ExprKind::Call { callee, args } => self.call(callee, args, expr.span, scope),
            ExprKind::Index { base, dims } => self.index(base, dims, expr.span, scope),
            ExprKind::Field { base, name } => self.field(base, name, scope),
            ExprKind::Next(inner) => self.next_value(inner, scope),
            ExprKind::Unary { op, operand } => self.unary(*op, operand, scope),
            ExprKind::Binary { op: Binary::On, op_span, .. } => {
                let at = self.blame(*op_span);
                Err(self.report(OnInFormula { at }))
            }
            ExprKind::Binary { op: op @ (Binary::And | Binary::Or), left, right, .. } => {
                let left_value = self.evaluate(left, scope)?.settled();
                // A constant that decides leaves the other side alone.
                match (op, &left_value) {
                    (Binary::And, Value::Bool(false)) | (Binary::Or, Value::Bool(true)) => return Ok(left_value),
                    (_, Value::Bool(_)) => return self.evaluate(right, scope),
                    _ => {}
                }
                let right_value = self.evaluate(right, scope)?;
                self.binary(*op, left_value, left.span, right_value, right.span, expr.span)
            }
            ExprKind::Binary { op, left, right, .. } => {
                let left_value = self.evaluate(left, scope)?;
                let right_value = self.evaluate(right, scope)?;
                self.binary(*op, left_value, left.span, right_value, right.span, expr.span)
            }
            ExprKind::Pipe { head, stages } => {
                let mut value = self.head(head, scope)?;
                if let Value::Callable(callee) = &value
                    && self.means_column(callee)
                {
                    value = Value::Tensor(self.tensor_of(value, head.span)?);
                }
                for stage in stages {
                    value = self.stage(value, stage, scope)?;
                }
                Ok(value)
            }
            ExprKind::As { .. } => self.head(expr, scope),
            ExprKind::If { condition, then, otherwise } => self.choose(condition, then, otherwise, expr.span, scope),
            ExprKind::For { binders, body } => self.comprehension(binders, body, expr.span, scope),
            ExprKind::List(items) => self.list(items, expr.span, scope),
            ExprKind::Tuple(args) => {
                let mut values = Vec::new();
                for arg in args {
                    let value = self.evaluate(&arg.value, scope)?;
                    values.push((arg.name.as_ref().map(|name| name.text.clone()), value));
                }
                Ok(Value::Tuple(values))
            }
            ExprKind::Table(_) => {
                let at = self.blame(expr.span);
                let (wanted, found) = ("a value".into(), "a table".into());
                Err(self.report(WrongKind { wanted, found, at, help: None }))
            }
            ExprKind::Broken => Err(Reported),
        }
    }

    fn choose(
        &mut self,
        condition: &Expr,
        then: &Expr,
        otherwise: &Expr,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        match self.evaluate(condition, scope)?.settled() {
            Value::Bool(true) => self.evaluate(then, scope),
            Value::Bool(false) => self.evaluate(otherwise, scope),
            Value::Tensor(tensor) if self.dtype(&tensor) == Dtype::Bool => {
                let outer = std::mem::replace(&mut self.guarded, true);
                let branches = (self.evaluate(then, scope), self.evaluate(otherwise, scope));
                self.guarded = outer;
                let (a, b) = (branches.0?, branches.1?);
                self.select(Value::Tensor(tensor), condition.span, a, then.span, b, otherwise.span, span)
            }
            other => Err(self.not_a("a condition", &other, condition.span)),
        }
    }

    fn list(&mut self, items: &[Expr], span: Span, scope: &mut Scope) -> Outcome<Value> {
        let mut values = Vec::new();
        for item in items {
            values.push((self.evaluate(item, scope)?.settled(), item.span));
        }
        if !values.iter().any(|(value, _)| matches!(value, Value::Tensor(_))) {
            return Ok(Value::List(values.into_iter().map(|(value, _)| value).collect()));
        }
        // Tensors side by side: single numbers are stacked, rows are joined.
        let mut parts = Vec::new();
        for tensor in self.together(values)? {
            parts.push(if tensor.shape.is_empty() { self.reshape(&tensor, &[1]) } else { tensor });
        }
        self.join_parts(parts, 0, span).map(Value::Tensor)
    }

    /// Tensors one behind the other along `axis`.
    pub fn join_parts(&mut self, parts: Vec<Tensor>, axis: usize, span: Span) -> Outcome<Tensor> {
        let at = self.blame(span);
        for part in &parts[1..] {
            let first = &parts[0];
            let fits = part.shape.len() == first.shape.len()
                && (0..part.shape.len()).all(|k| k == axis || part.shape[k] == first.shape[k]);
            if !fits {
                let (left, right) = (describe(first), describe(part));
                let help = Some("all sizes but one must be the same; `axis:` says which".into());
                return Err(self.report(ShapeMismatch { operation: "concat".into(), left, right, at, help }));
            }
            if self.dtype(part) != self.dtype(first) {
                let (left, right) = (describe(first), describe(part));
                return Err(self.report(NumberTypes { operation: "concat".into(), left, right, at }));
            }
        }
        // Along the axis parts of two kinds may stand one behind the other.
        let across = parts.iter().map(|part| {
            let mut names = part.names.clone();
            names[axis] = AxisName::default();
            Tensor { names, ..part.clone() }
        });
        let across: Vec<Tensor> = across.collect();
        self.meet("concat", &across.iter().collect::<Vec<_>>(), span)?;
        Ok(self.concat(&parts, axis))
    }
}
