//! The loss of a batch: its terms, what each is told, and the mean over all.

use std::sync::Arc;

use super::Output;
use super::augment::next_example;
use super::fitting::are_misfits;
use crate::model::apply::Entered;
use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::modules::Definition;
use crate::model::train::{Experiment, callee};
use crate::model::types;
use crate::model::value::*;
use crate::problem::names::{UnknownName, WrongKind};

use crate::problem::training::*;
use crate::scalar::{Dtype, Scalar};
use crate::source::{Span, nearest};
use crate::syntax::tree::{Binary, Expr, ExprKind, Kind, Name};

impl Experiment {
    /// The loss of each example of a batch of mixed ones: what its output loses against its own targets and against those of
    /// the example with which it was mixed, each by its `share` (Zhang et al., 2018).
    pub(super) fn mixed_loss(
        &self,
        lower: &mut Lower,
        outputs: &[Output],
        (targets, weight): (&[Tensor], Option<&Tensor>),
        share: &Tensor,
    ) -> Outcome<Tensor> {
        let own = self.weighted_loss(lower, outputs, targets, weight)?;
        let others: Vec<Tensor> = targets.iter().map(|target| next_example(lower, target)).collect();
        let other_weight = weight.map(|weight| next_example(lower, weight));
        let other = self.weighted_loss(lower, outputs, &others, other_weight.as_ref())?;
        let one = lower.constant(1.0, Dtype::F32);
        let mut by = |scalar, a: &Tensor, b: &Tensor| lower.map(scalar, &[a, b]).expect("numbers");
        let rest = by(Scalar::Sub, &one, share);
        let (own, other) = (by(Scalar::Mul, share, &own), by(Scalar::Mul, &rest, &other));
        Ok(by(Scalar::Add, &own, &other))
    }

    /// The loss of each example, by its weight, without regularizers.
    pub(super) fn weighted_loss(
        &self,
        lower: &mut Lower,
        outputs: &[Output],
        targets: &[Tensor],
        weight: Option<&Tensor>,
    ) -> Outcome<Tensor> {
        let each = self.loss_term(lower, &self.loss, &[], outputs, targets)?;
        let Some(weight) = weight else { return Ok(each) };
        let weight = lower.reshape(weight, &[]);
        Ok(lower.map(Scalar::Mul, &[&each, &weight]).expect("numbers"))
    }

    /// One term of the loss, for each example.
    fn loss_term(
        &self,
        lower: &mut Lower,
        expr: &Expr,
        on: &[Name],
        outputs: &[Output],
        targets: &[Tensor],
    ) -> Outcome<Tensor> {
        match &expr.kind {
            ExprKind::Binary { op: Binary::On, left, right, .. } => {
                let Some(names) = names(right) else {
                    let wanted = "the name of a target, or names of outputs in parentheses".to_string();
                    let (found, at) = (crate::syntax::print_expr(right), right.span);
                    return Err(lower.report(WrongKind { wanted, found, at, help: None }));
                };
                self.loss_term(lower, left, &names, outputs, targets)
            }
            ExprKind::Binary {
                op: op @ (Binary::Add | Binary::Sub | Binary::Mul | Binary::Div), left, right, ..
            } => {
                let a = self.loss_term(lower, left, on, outputs, targets)?;
                let b = self.loss_term(lower, right, on, outputs, targets)?;
                let scalar = match op {
                    Binary::Add => Scalar::Add,
                    Binary::Sub => Scalar::Sub,
                    Binary::Mul => Scalar::Mul,
                    _ => Scalar::Div,
                };
                Ok(lower.map(scalar, &[&a, &b]).expect("numbers"))
            }
            ExprKind::Number(quantity) => Ok(lower.constant(Number::written(quantity).value, Dtype::F32)),
            _ => {
                let bound = self.binding("the loss", expr.span, on, outputs, targets, lower)?;
                self.apply_loss(lower, expr, bound)
            }
        }
    }

    fn apply_loss(&self, lower: &mut Lower, expr: &Expr, bound: (Value, &Tensor, usize)) -> Outcome<Tensor> {
        let (output, target, at) = bound;
        let mut scope = self.scope();
        let forms_given = callee(lower, expr, Kind::Loss, &mut scope);
        let Ok((forms, given)) = forms_given else {
            let Some(ExprKind::Name(name)) = Some(&head(expr).kind) else { return Err(Reported) };
            return Err(lower.unknown_name("loss", name, head(expr).span, &scope));
        };
        let inputs = [output.clone(), Value::Tensor(target.clone())];
        match lower.enter(&forms, &inputs, &given, "", expr.span) {
            Ok((form, entered)) => {
                let value = self.value_of(lower, &form, entered, expr.span)?;
                let tensor = lower.tensor_of(value, expr.span)?;
                if lower.dtype(&tensor) != Dtype::F32 {
                    let (what, found) = (format!("the loss `{}`", form.callable.name.text), types::describe(&tensor));
                    return Err(lower.report(LossNotANumber { what, found, at: expr.span }));
                }
                Ok(mean_of_examples(lower, &tensor))
            }
            Err(problems) => {
                if !are_misfits(&problems) {
                    return Err(lower.keep(problems));
                }
                Err(self.loss_unfit(lower, expr, &forms, &output, target, at))
            }
        }
    }

    /// The output and the target that a loss or a metric means: those of one name, or the outputs of several names and the
    /// target that has no output of its own.
    pub(super) fn binding<'t>(
        &self,
        what: &str,
        span: Span,
        on: &[Name],
        outputs: &'t [Output],
        targets: &'t [Tensor],
        lower: &mut Lower,
    ) -> Outcome<(Value, &'t Tensor, usize)> {
        let names: Vec<String> = self.targets.iter().map(|&at| self.fields.decls[at].name.text.to_string()).collect();
        if on.len() > 1 {
            let output = several(on, outputs, lower)?;
            let without = |at: &usize| outputs.iter().all(|output| output.name != names[*at]);
            let free: Vec<usize> = (0..names.len()).filter(without).collect();
            return match (&free[..], &names[..]) {
                ([at], _) => Ok((output, &targets[*at], *at)),
                (_, [_]) => Ok((output, &targets[0], 0)),
                _ => Err(lower.report(WhichTarget { what: what.to_string(), targets: names, at: span })),
            };
        }
        let at = match on.first() {
            Some(name) => match names.iter().position(|it| *it == *name.text) {
                Some(at) => at,
                None => {
                    let near = nearest(&name.text, names.iter().map(String::as_str));
                    let (kind, name, at) = ("target".to_string(), name.text.to_string(), name.span);
                    return Err(lower.report(UnknownName { kind, name, at, near }));
                }
            },
            None if names.len() == 1 => 0,
            None => {
                let (what, targets) = (what.to_string(), names);
                return Err(lower.report(WhichTarget { what, targets, at: span }));
            }
        };
        let named = outputs.iter().find(|output| output.name == names[at]);
        let output = match (named, outputs) {
            (Some(output), _) => Value::Tensor(output.tensor.clone()),
            (None, [one]) => Value::Tensor(one.tensor.clone()),
            (None, all) => {
                let item = |output: &Output| (Some(Arc::from(&*output.name)), Value::Tensor(output.tensor.clone()));
                Value::Tuple(all.iter().map(item).collect())
            }
        };
        Ok((output, &targets[at], at))
    }

    pub(super) fn value_of(
        &self,
        lower: &mut Lower,
        form: &Definition,
        entered: Entered,
        span: Span,
    ) -> Outcome<Value> {
        let Entered { mut scope, .. } = entered;
        match lower.evaluate_form(form, &mut scope, span)? {
            Some(value) => Ok(value),
            None => Err(lower.gives_nothing(form, span)),
        }
    }
}

/// The outputs of these names, in this order.
fn several(names: &[Name], outputs: &[Output], lower: &mut Lower) -> Outcome<Value> {
    let mut items = vec![];
    for name in names {
        let Some(output) = outputs.iter().find(|output| output.name == *name.text) else {
            let near = nearest(&name.text, outputs.iter().map(|it| it.name.as_str()));
            let (kind, name, at) = ("output of the model".to_string(), name.text.to_string(), name.span);
            return Err(lower.report(UnknownName { kind, name, at, near }));
        };
        items.push((Some(name.text.clone()), Value::Tensor(output.tensor.clone())));
    }
    Ok(Value::Tuple(items))
}

/// What stands behind `on`: a name, or several in parentheses.
fn names(expr: &Expr) -> Option<Vec<Name>> {
    let name = |expr: &Expr| match &expr.kind {
        ExprKind::Name(name) => Some(Name::new(name.clone(), expr.span)),
        _ => None,
    };
    match &expr.kind {
        ExprKind::Tuple(items) if items.len() > 1 && items.iter().all(|it| it.name.is_none()) => {
            items.iter().map(|it| name(&it.value)).collect()
        }
        _ => name(expr).map(|it| vec![it]),
    }
}

/// One number: the mean over everything.
pub(super) fn mean_of_all(lower: &mut Lower, tensor: &Tensor) -> Tensor {
    let mut tensor = tensor.clone();
    if lower.dtype(&tensor) != Dtype::F32 {
        tensor = lower.map(Scalar::ToF32, &[&tensor]).expect("a cast");
    }
    let each = mean_of_examples(lower, &tensor);
    if !lower.is_batched(&each) {
        return each;
    }
    let row = lower.bring_in(&each, BATCH);
    let sum = lower.sum(&row, 0);
    let divisor = lower.constant(lower.setting.batch as f64, Dtype::F32);
    lower.map(Scalar::Div, &[&sum, &divisor]).expect("numbers")
}

/// One number for each example: the mean over all other axes.
pub(super) fn mean_of_examples(lower: &mut Lower, tensor: &Tensor) -> Tensor {
    let batched = lower.is_batched(tensor);
    let mut rest = tensor.clone();
    let first = usize::from(batched);
    while rest.lead.len() > first {
        let lead = rest.lead[rest.lead.len() - 1];
        rest = lower.bring_in(&rest, lead);
    }
    let count: usize = rest.shape.iter().product();
    while !rest.shape.is_empty() {
        rest = lower.sum(&rest, rest.shape.len() - 1);
    }
    if count == 1 {
        return rest.plain();
    }
    let divisor = lower.constant(count as f64, Dtype::F32);
    lower.map(Scalar::Div, &[&rest, &divisor]).expect("numbers")
}

/// The callable's own expression, without arguments.
pub(super) fn head(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Call { callee, .. } => head(callee),
        _ => expr,
    }
}
