//! `for` as a formula: one value for each index, side by side.

use super::Scope;
use crate::model::lower::{Lower, Outcome};
use crate::model::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::scalar::{Dtype, Scalar};
use crate::source::Span;
use crate::syntax::tree::{Binder, ForBody};

impl Lower<'_> {
    pub(super) fn comprehension(
        &mut self,
        binders: &[Binder],
        body: &ForBody,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        let mark = scope.mark();
        let mut leads = Vec::new();
        for binder in binders {
            match binder {
                Binder::Over { name, range } => {
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
                    let variable = if start == 0.0 {
                        variable
                    } else {
                        self.map(Scalar::Add, &[&variable, &offset]).expect("both i32")
                    };
                    scope.bind(name.as_str(), Value::Tensor(variable));
                    leads.push((lead, name.text.clone()));
                }
                Binder::Carry { name, .. } => {
                    let at = self.blame(name.span);
                    let what = "a `for` that carries values (recurrence)".into();
                    return Err(self.report(NotInThisVersion { what, at, help: None }));
                }
            }
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
        for (lead, _) in leads.iter().rev() {
            tensor = self.bring_in(&tensor, *lead);
        }
        scope.release(mark);
        Ok(Value::Tensor(tensor))
    }
}
