//! Operators: on numbers known before the run, and on tensors.

use super::Scope;
use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::types::describe;
use crate::model::units::Measure;
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::scalar::{Dtype, Scalar};
use crate::source::Span;
use crate::syntax::tree::{Binary, Expr, Unary};

impl Lower<'_> {
    pub(super) fn unary(&mut self, op: Unary, operand: &Expr, scope: &mut Scope) -> Outcome<Value> {
        let value = self.evaluate(operand, scope)?.settled();
        match (op, value) {
            (Unary::Neg, Value::Number(number)) => Ok(Value::Number(Number { value: -number.value, ..number })),
            (Unary::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
            (Unary::Neg, value) => self.elementwise(Scalar::Neg, "-", vec![(value, operand.span)], operand.span),
            (Unary::Not, value) => self.elementwise(Scalar::Not, "not", vec![(value, operand.span)], operand.span),
        }
    }

    pub(super) fn binary(
        &mut self,
        op: Binary,
        left: Value,
        left_span: Span,
        right: Value,
        right_span: Span,
        span: Span,
    ) -> Outcome<Value> {
        let (left, right) = (left.settled(), right.settled());
        match (op, &left, &right) {
            (Binary::Range, Value::Number(a), Value::Number(b)) => {
                let (a, b) = self.same_measure(op, *a, *b, span)?;
                return Ok(Value::Range(a, b));
            }
            (_, Value::Number(a), Value::Number(b)) => return self.arithmetic(op, *a, *b, span),
            (Binary::Eq | Binary::Ne, ..) => {
                let word = |value: &Value| match value {
                    Value::Word(word) | Value::Text(word) => Some(word.to_string()),
                    Value::Callable(callee) => Some(callee.name().to_string()),
                    Value::Bool(value) => Some(value.to_string()),
                    _ => None,
                };
                if let (Some(a), Some(b)) = (word(&left), word(&right)) {
                    return Ok(Value::Bool((a == b) == (op == Binary::Eq)));
                }
            }
            (Binary::MatMul, ..) => return self.product(left, left_span, right, right_span, span),
            _ => {}
        }
        let operands = vec![(left, left_span), (right, right_span)];
        let swapped = |operands: Vec<(Value, Span)>| operands.into_iter().rev().collect::<Vec<_>>();
        let sign = op.symbol();
        match op {
            Binary::Add => self.elementwise(Scalar::Add, sign, operands, span),
            Binary::Sub => self.elementwise(Scalar::Sub, sign, operands, span),
            Binary::Mul => self.elementwise(Scalar::Mul, sign, operands, span),
            Binary::Div => self.elementwise(Scalar::Div, sign, operands, span),
            Binary::Pow => self.elementwise(Scalar::Pow, sign, operands, span),
            Binary::Lt => self.elementwise(Scalar::Less, sign, operands, span),
            Binary::Le => self.elementwise(Scalar::LessEqual, sign, operands, span),
            Binary::Gt => self.elementwise(Scalar::Less, sign, swapped(operands), span),
            Binary::Ge => self.elementwise(Scalar::LessEqual, sign, swapped(operands), span),
            Binary::Eq => self.elementwise(Scalar::Equal, sign, operands, span),
            Binary::Ne => {
                let equal = self.elementwise(Scalar::Equal, sign, operands, span)?;
                self.elementwise(Scalar::Not, sign, vec![(equal, span)], span)
            }
            Binary::And => self.elementwise(Scalar::And, sign, operands, span),
            Binary::Or => self.elementwise(Scalar::Or, sign, operands, span),
            Binary::Range => {
                let wrong = if matches!(operands[0].0, Value::Number(_)) { 1 } else { 0 };
                Err(self.not_a("a number known before the run", &operands[wrong].0, operands[wrong].1))
            }
            Binary::MatMul | Binary::On => unreachable!("handled above"),
        }
    }

    /// Both numbers with one measure, if they can have one: a bare number has none of its own.
    fn same_measure(&mut self, op: Binary, a: Number, b: Number, span: Span) -> Outcome<(Number, Number)> {
        if a.measure == b.measure || a.value == 0.0 && a.measure.is_none() || b.value == 0.0 && b.measure.is_none() {
            let measure = a.measure.or(b.measure);
            return Ok((Number { measure, ..a }, Number { measure, ..b }));
        }
        Err(self.mixed(op, a, b, span))
    }

    fn mixed(&mut self, op: Binary, a: Number, b: Number, span: Span) -> Reported {
        let at = self.blame(span);
        let (left, right) = (Value::Number(a).noun(), Value::Number(b).noun());
        self.report(MixedUnits { operation: op.symbol().into(), left, right, at })
    }

    fn arithmetic(&mut self, op: Binary, a: Number, b: Number, span: Span) -> Outcome<Value> {
        let inexact = a.inexact.or(b.inexact);
        let updates = a.updates || b.updates;
        let plain = |value: f64, whole: bool| Number { value, measure: None, whole, inexact, updates };
        let whole = a.whole && b.whole;
        let number = match op {
            Binary::Mul => {
                let measure = match (a.measure, b.measure) {
                    (one, None) | (None, one) => one,
                    // A share of something, so many times something.
                    (Some(one), Some(Measure::Share | Measure::Factor)) => Some(one),
                    (Some(Measure::Share | Measure::Factor), Some(one)) => Some(one),
                    _ => return Err(self.mixed(op, a, b, span)),
                };
                Number { measure, ..plain(a.value * b.value, whole) }
            }
            Binary::Div => {
                let measure = match (a.measure, b.measure) {
                    (one, None) => one,
                    (one, other) if one == other => None,
                    (one, Some(Measure::Share | Measure::Factor)) => one,
                    _ => return Err(self.mixed(op, a, b, span)),
                };
                let value = a.value / b.value;
                let rest = whole && value.fract() != 0.0;
                Number { measure, inexact: if rest { Some(span) } else { inexact }, ..plain(value, whole && !rest) }
            }
            Binary::Pow
                if [a, b].iter().any(|it| !matches!(it.measure, None | Some(Measure::Share | Measure::Factor))) =>
            {
                return Err(self.mixed(op, a, b, span));
            }
            Binary::Pow => plain(a.value.powf(b.value), whole && b.value >= 0.0),
            _ => {
                let (a, b) = self.same_measure(op, a, b, span)?;
                let truth = match op {
                    Binary::Add => {
                        return Ok(Value::Number(Number { measure: a.measure, ..plain(a.value + b.value, whole) }));
                    }
                    Binary::Sub => {
                        return Ok(Value::Number(Number { measure: a.measure, ..plain(a.value - b.value, whole) }));
                    }
                    Binary::Eq => a.value == b.value,
                    Binary::Ne => a.value != b.value,
                    Binary::Lt => a.value < b.value,
                    Binary::Le => a.value <= b.value,
                    Binary::Gt => a.value > b.value,
                    Binary::Ge => a.value >= b.value,
                    _ => {
                        let at = self.blame(span);
                        let (wanted, found) = ("a tensor or a condition".into(), "a number".into());
                        return Err(self.report(WrongKind { wanted, found, at, help: None }));
                    }
                };
                return Ok(Value::Bool(truth));
            }
        };
        Ok(Value::Number(number))
    }

    /// `a @ b`: the last axis of `a` against the first of `b`, or against the last but one where both have leading axes.
    pub(super) fn product(
        &mut self,
        left: Value,
        left_span: Span,
        right: Value,
        right_span: Span,
        span: Span,
    ) -> Outcome<Value> {
        let a = self.tensor_of(left, left_span)?;
        let b = self.tensor_of(right, right_span)?;
        let at = self.blame(span);
        if a.shape.is_empty() || b.shape.is_empty() {
            let (left, right) = (describe(&a), describe(&b));
            let help = Some("a product needs axes on both sides; for numbers write `*`".into());
            return Err(self.report(ShapeMismatch { operation: "@".into(), left, right, at, help }));
        }
        if self.dtype(&a) != Dtype::F32 || self.dtype(&b) != Dtype::F32 {
            let (left, right) = (describe(&a), describe(&b));
            return Err(self.report(NumberTypes { operation: "@".into(), left, right, at }));
        }
        let inner = a.shape.len() - 1;
        // With two axes or fewer `b` is one matrix for all of `a`.
        let shared = if b.shape.len() > 2 { b.shape.len() - 2 } else { 0 };
        let (wanted, found) = (a.shape[inner], b.shape[shared]);
        if wanted != found {
            let (left_at, right_at) = (self.blame(left_span), self.blame(right_span));
            let (left_shape, right_shape) = (describe(&a), describe(&b));
            let (left, right) = (wanted, found);
            return Err(self.report(InnerSizeMismatch { left, right, left_shape, right_shape, at, left_at, right_at }));
        }
        if shared > 0 && a.shape[..shared.min(inner)] != b.shape[..shared] {
            let (left, right) = (describe(&a), describe(&b));
            return Err(self.report(ShapeMismatch { operation: "@".into(), left, right, at, help: None }));
        }
        self.meet_summed(&a, inner, &b, shared, span)?;
        let fronts = [&a, &b].map(|it| Tensor { names: it.names[..shared.min(inner)].to_vec(), ..it.clone() });
        self.meet("@", &[&fronts[0], &fronts[1]], span)?;
        let la: Vec<u8> = (0..a.shape.len() as u8).map(|axis| b'a' + axis).collect();
        let mut lb: Vec<u8> = (0..b.shape.len() as u8).map(|axis| b'n' + axis).collect();
        lb[..shared].copy_from_slice(&la[..shared]);
        lb[shared] = la[inner];
        let out: Vec<u8> = la[..inner].iter().chain(&lb[shared + 1..]).copied().collect();
        Ok(Value::Tensor(self.contract(&a, &la, &b, &lb, &out)))
    }

    /// `where(c, a, b)`
    #[allow(clippy::too_many_arguments, reason = "three operands and their places")]
    pub fn select(&mut self, c: Value, cs: Span, a: Value, sa: Span, b: Value, sb: Span, span: Span) -> Outcome<Value> {
        // Where a value may be missing, the condition is what guards it.
        let bare = |value: Value| match value.settled() {
            Value::Tensor(tensor) => Value::Tensor(tensor.plain()),
            other => other,
        };
        let (a, b) = (bare(a), bare(b));
        let numbers = self.together(vec![(a, sa), (b, sb)])?;
        let condition = self.tensor_of(c, cs)?;
        let [a, b] = [Value::Tensor(numbers[0].clone()), Value::Tensor(numbers[1].clone())];
        self.elementwise(Scalar::Select, "where", vec![(Value::Tensor(condition), cs), (a, sa), (b, sb)], span)
    }
}
