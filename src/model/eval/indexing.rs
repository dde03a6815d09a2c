//! Parts of values: by index, by range, by name.

use super::Scope;
use super::scope::join;
use crate::model::lower::{Lower, Outcome};
use crate::model::types::describe;
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::scalar::Dtype;
use crate::source::Span;
use crate::syntax::tree::{Dim, Expr, ExprKind, Name};
use crate::tensor::View;

impl Lower<'_> {
    pub(super) fn index(&mut self, base: &Expr, dims: &[Dim], span: Span, scope: &mut Scope) -> Outcome<Value> {
        let value = self.evaluate(base, scope)?.settled();
        let mut at = Vec::new();
        for dim in dims {
            match dim {
                Dim::Expr(expr) => at.push((self.evaluate(expr, scope)?.settled(), expr.span)),
                Dim::Rest(span) | Dim::Named { name: Name { span, .. }, .. } => {
                    let (wanted, found, at) = ("an index".into(), "part of a type".into(), self.blame(*span));
                    return Err(self.report(WrongKind { wanted, found, at, help: None }));
                }
            }
        }
        match value {
            Value::List(items) => match at[..] {
                [(Value::Number(number), at)] => match items.get(number.value as usize) {
                    Some(item) if number.value >= 0.0 && number.value.fract() == 0.0 => Ok(item.clone()),
                    _ => {
                        let (index, extent, at) = (number.value.to_string(), items.len().max(1), self.blame(at));
                        Err(self.report(IndexOutOfRange { index, extent, at }))
                    }
                },
                _ => Err(self.not_a("a list's one index", &Value::List(items), span)),
            },
            Value::Word(word) => Err(self.unknown_word("value", &word, base.span)),
            value => {
                let mut rest = self.tensor_of(value, base.span)?;
                let (mut kept, count) = (0, at.len());
                if at.len() > rest.shape.len() {
                    let (shape, at) = (describe(&rest), self.blame(span));
                    return Err(self.report(TooManyIndices { shape, at }));
                }
                for (number, (index, place)) in at.into_iter().enumerate() {
                    match index {
                        Value::Range(low, high) => {
                            let (extent, names) = (rest.shape[0], rest.names.clone());
                            let (low, high) = (low.value, high.value);
                            if !(0.0 <= low && low < high && high <= extent as f64 && low.fract() + high.fract() == 0.0)
                            {
                                let (index, at) = (format!("{low} .. {high}"), self.blame(place));
                                return Err(self.report(IndexOutOfRange { index, extent, at }));
                            }
                            let (start, len) = (low as usize, (high - low) as usize);
                            let sliced = self.view(&rest, |axis| View::Slice { axis, start, step: 1, len }, 0);
                            let sliced = Tensor { names, ..sliced };
                            // Axes that stay wait at the end for the others to go.
                            let order: Vec<usize> = (1..sliced.shape.len()).chain([0]).collect();
                            rest = self.permute(&sliced, &order);
                            kept += 1;
                        }
                        index => {
                            let index = self.index_tensor(index, rest.shape[0], place)?;
                            rest = self.pick(&rest, std::slice::from_ref(&index));
                            // So do the axes of an index that has some, if others are to be taken.
                            let own = index.shape.len();
                            if own > 0 && (number + 1 < count || kept > 0) {
                                let order: Vec<usize> = (own..rest.shape.len()).chain(0..own).collect();
                                rest = self.permute(&rest, &order);
                                kept += own;
                            }
                        }
                    }
                }
                if kept > 0 {
                    let rank = rest.shape.len();
                    let order: Vec<usize> = (rank - kept..rank).chain(0..rank - kept).collect();
                    rest = self.permute(&rest, &order);
                }
                Ok(Value::Tensor(rest))
            }
        }
    }

    fn index_tensor(&mut self, index: Value, extent: usize, span: Span) -> Outcome<Tensor> {
        match index {
            Value::Number(number) => {
                let at = self.blame(span);
                if number.value.fract() != 0.0 || number.value < 0.0 || number.value >= extent as f64 {
                    return Err(self.report(IndexOutOfRange { index: number.value.to_string(), extent, at }));
                }
                Ok(self.constant(number.value, Dtype::I32))
            }
            other => {
                let tensor = self.tensor_of(other, span)?;
                // What is known of an index before the run is checked before the run.
                if let Some(affine) = &tensor.affine
                    && !self.guarded
                {
                    let (low, high) = self.span_of(affine);
                    if low < 0 || high >= extent as i64 {
                        let (index, at) = (format!("{low} .. {high}"), self.blame(span));
                        return Err(self.report(IndexOutOfRange { index, extent, at }));
                    }
                }
                if self.dtype(&tensor) == Dtype::I32 {
                    return Ok(tensor);
                }
                let at = self.blame(span);
                let (wanted, found) = ("an index (i32)".into(), describe(&tensor));
                Err(self.report(WrongKind { wanted, found, at, help: None }))
            }
        }
    }

    pub(super) fn field(&mut self, base: &Expr, name: &Name, scope: &mut Scope) -> Outcome<Value> {
        let value = self.evaluate(base, scope)?;
        let found = match &value {
            Value::Stage(stage) => {
                let path = join(&stage.path, name.as_str());
                let slot = self.slots.get(&path).copied();
                slot.map(|slot| self.read(slot)).transpose()?.map(Value::Tensor)
            }
            Value::Tuple(items) => {
                items.iter().find(|(label, _)| label.as_deref() == Some(name.as_str())).map(|(_, it)| it.clone())
            }
            Value::Range(low, high) => match name.as_str() {
                "low" => Some(Value::Number(*low)),
                "high" => Some(Value::Number(*high)),
                _ => None,
            },
            _ => None,
        };
        match (found, value) {
            (Some(value), _) => Ok(value),
            (None, Value::Stage(stage)) if matches!(stage.value, Value::Tuple(_)) => {
                let inner = Expr { kind: ExprKind::Name("it".into()), span: base.span };
                let mark = scope.mark();
                scope.bind("it", stage.value.clone());
                let result = self.field(&inner, name, scope);
                scope.release(mark);
                result
            }
            (None, Value::Word(word)) => Err(self.unknown_word("value", &word, base.span)),
            (None, value) => {
                let kind = format!("part of {}", value.noun());
                let near = None;
                let at = self.blame(name.span);
                Err(self.report(UnknownName { kind, name: name.text.to_string(), at, near }))
            }
        }
    }
}
