//! Operands: the numbers and tensors that an operation meets, made to fit each other.

use super::Scope;
use crate::model::lower::{Lower, Outcome};
use crate::model::types::describe;
use crate::model::value::*;
use crate::problem::shapes::*;
use crate::scalar::{Dtype, Scalar};
use crate::source::Span;
use crate::syntax::tree::Expr;

impl Lower<'_> {
    /// A number known before the run.
    pub fn number(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Number> {
        match self.evaluate(expr, scope)?.settled() {
            Value::Number(number) => Ok(number),
            Value::Word(word) => Err(self.unknown_word("value", &word, expr.span)),
            other => Err(self.not_a("a number known before the run", &other, expr.span)),
        }
    }

    /// A tensor, made of a number where needed.
    pub fn tensor_of(&mut self, value: Value, span: Span) -> Outcome<Tensor> {
        match value.settled() {
            Value::Tensor(tensor) => Ok(tensor),
            Value::Number(number) => Ok(self.constant(number.value, Dtype::F32)),
            Value::Bool(value) => Ok(self.constant(f64::from(u8::from(value)), Dtype::Bool)),
            Value::Callable(callee) if self.means_column(&callee) => self.column(callee.name(), callee.span),
            other => Err(self.not_a("a tensor", &other, span)),
        }
    }

    /// Several tensors for one operation: numbers take the type of the tensors beside them.
    pub fn together(&mut self, values: Vec<(Value, Span)>) -> Outcome<Vec<Tensor>> {
        let values: Vec<(Value, Span)> = values.into_iter().map(|(value, span)| (value.settled(), span)).collect();
        let dtype = values.iter().find_map(|(value, _)| match value {
            Value::Tensor(tensor) if self.dtype(tensor) != Dtype::Bool => Some(self.dtype(tensor)),
            _ => None,
        });
        let mut tensors = Vec::new();
        for (value, span) in values {
            tensors.push(match value {
                Value::Number(number) => {
                    let dtype = dtype.unwrap_or(Dtype::F32);
                    if dtype == Dtype::I32 && (number.value.fract() != 0.0 || number.value.abs() > 2147483647.0) {
                        let at = self.blame(span);
                        let (left, right) = ("i32".into(), number.value.to_string());
                        return Err(self.report(NumberTypes { operation: "the operation".into(), left, right, at }));
                    }
                    self.constant(number.value, dtype)
                }
                value => self.tensor_of(value, span)?,
            });
        }
        Ok(tensors)
    }

    /// `scalar` on values, with a problem where they do not meet.
    pub fn elementwise(
        &mut self,
        scalar: Scalar,
        sign: &str,
        values: Vec<(Value, Span)>,
        span: Span,
    ) -> Outcome<Value> {
        let spans: Vec<Span> = values.iter().map(|&(_, span)| span).collect();
        let tensors = self.together(values)?;
        let operands: Vec<&Tensor> = tensors.iter().collect();
        if let Some(at) = tensors.iter().position(|tensor| tensor.optional) {
            let (is_class, at) = (tensors[at].is_class(), self.blame(spans[at]));
            let (callee, input, declared) = (format!("`{sign}`"), "the operand".to_string(), self.blame(span));
            // Asking whether a value is there is what an optional value is for.
            if scalar != Scalar::Equal {
                return Err(self.report(OptionalAsPresent { callee, input, is_class, at, declared }));
            }
        }
        if let Some(result) = self.map(scalar, &operands) {
            self.meet(sign, &operands, span)?;
            return Ok(Value::Tensor(result));
        }
        let at = self.blame(span);
        let dtypes: Vec<Dtype> = tensors.iter().map(|tensor| self.dtype(tensor)).collect();
        let word = |dtype: Dtype| match dtype {
            Dtype::F32 => "f32",
            Dtype::I32 => "i32",
            Dtype::Bool => "bool",
        };
        let (left, right) = (&tensors[tensors.len().saturating_sub(2)], &tensors[tensors.len() - 1]);
        if scalar.dtype(&dtypes).is_none() {
            let (left, right) = (word(dtypes[dtypes.len().saturating_sub(2)]), word(dtypes[dtypes.len() - 1]));
            let (left, right) = (left.to_string(), right.to_string());
            return Err(self.report(NumberTypes { operation: sign.into(), left, right, at }));
        }
        // The two that do not meet.
        let meet = |a: &Tensor, b: &Tensor| a.shape.ends_with(&b.shape) || b.shape.ends_with(&a.shape);
        let pairs = tensors.iter().enumerate().flat_map(|(at, a)| tensors[at + 1..].iter().map(move |b| (a, b)));
        let (left, right) = pairs.into_iter().find(|(a, b)| !meet(a, b)).unwrap_or((left, right));
        let one = left.shape.contains(&1) || right.shape.contains(&1) || left.shape.len() != right.shape.len();
        let help = one.then(|| {
            "axes of size 1 are never stretched: a shape must end with the other, or write `expand(x, axis, size)`"
                .into()
        });
        let (left, right) = (describe(left), describe(right));
        Err(self.report(ShapeMismatch { operation: sign.into(), left, right, at, help }))
    }
}
