//! The model of an experiment on inputs that are fed, and where it says what it gives.

use super::Output;
use crate::model::lower::{Lower, Outcome};
use crate::model::train::{Experiment, callee};
use crate::model::value::*;
use crate::source::Span;
use crate::syntax::tree::{Expr, ExprKind, Kind, Quantity};

impl Experiment {
    /// The model, on inputs that are fed as it receives them.
    pub fn predicted(&self, lower: &mut Lower) -> Outcome<Vec<Output>> {
        let inputs = self.inputs.iter().enumerate().map(|(slot, &field)| self.feed(lower, slot, field)).collect();
        self.forward(lower, inputs)
    }

    /// The model, on its inputs.
    pub(super) fn forward(&self, lower: &mut Lower, inputs: Vec<Tensor>) -> Outcome<Vec<Output>> {
        let inputs: Vec<Value> = inputs.into_iter().map(Value::Tensor).collect();
        let mut scope = self.scope();
        let (forms, given) = callee(lower, &self.model_expr, Kind::Model, &mut scope)?;
        lower.wanted_scores = self.wanted_scores();
        let what = What::Defined(forms);
        let applied = std::rc::Rc::new(Callee { what, given, span: self.model_expr.span });
        lower.input_places = self.inputs.iter().map(|&field| self.fields.decls[field].ty.span).collect();
        let value = lower.applied(&applied, inputs, "", self.model_expr.span)?;
        self.outputs_of(lower, value)
    }

    fn outputs_of(&self, lower: &mut Lower, value: Value) -> Outcome<Vec<Output>> {
        let span = self.model_expr.span;
        match value.settled() {
            Value::Tuple(items) => {
                let mut outputs = Vec::new();
                for (at, (name, item)) in items.into_iter().enumerate() {
                    let name = name.map_or_else(|| at.to_string(), |name| name.to_string());
                    outputs.push(Output { name, tensor: lower.tensor_of(item, span)? });
                }
                Ok(outputs)
            }
            value => Ok(vec![Output { name: String::new(), tensor: lower.tensor_of(value, span)? }]),
        }
    }

    /// The number that a free size of the model's result stands for, and where the data says so.
    fn wanted_scores(&self) -> Option<(usize, Span)> {
        let [target] = self.targets[..] else { return None };
        let it = &self.fields.received[target];
        let scores = match it.meaning {
            Meaning::Class { values, .. } => values,
            _ => *it.shape.last()?,
        };
        Some((scores, self.fields.decls[target].ty.span))
    }

    /// Where the model says what it gives: its last stage.
    pub fn output_place(&self) -> Span {
        match self.last_stage() {
            Some(Expr { kind: ExprKind::As { expr, .. }, .. }) => expr.span,
            Some(expr) => expr.span,
            None => self.model[0].callable.head,
        }
    }

    /// The model's last formula, or the last stage of it.
    fn last_stage(&self) -> Option<&Expr> {
        use crate::syntax::tree::{Body, Stmt};
        let last = match &self.model[0].callable.body {
            Body::Formula(expr) => Some(expr),
            Body::Block(statements) => statements.iter().rev().find_map(|it| match it {
                Stmt::Expr(expr) => Some(expr),
                _ => None,
            }),
        };
        match last {
            Some(Expr { kind: ExprKind::Pipe { stages, .. }, .. }) => stages.last(),
            last => last,
        }
    }

    /// Where the type of the model's result says the number of scores, as a number.
    pub(super) fn declared_scores(&self, scores: usize) -> Option<Span> {
        use crate::syntax::tree::{Dim, TypeKind};
        let TypeKind::Named { dims, .. } = &self.model[0].callable.result.as_ref()?.kind else { return None };
        match dims.last()? {
            Dim::Expr(Expr { kind: ExprKind::Number(it), span }) if it.value == scores as f64 => Some(*span),
            _ => None,
        }
    }

    /// Where the number of scores is said, and how the call would read with the number of classes and with `K`.
    pub(super) fn scores_place(&self, scores: usize, classes: usize) -> (Span, Option<[String; 2]>) {
        let stage = self.last_stage().map(|stage| match &stage.kind {
            ExprKind::As { expr, .. } => &**expr,
            _ => stage,
        });
        if let Some(Expr { kind: ExprKind::Call { callee, args }, span }) = stage
            && let Some(at) = args.iter().position(
                |arg| matches!(&arg.value.kind, ExprKind::Number(it) if it.unit.is_none() && it.value == scores as f64),
            )
        {
            let with = |kind: ExprKind| {
                let mut args = args.clone();
                args[at].value.kind = kind;
                let call = Expr { kind: ExprKind::Call { callee: callee.clone(), args }, span: *span };
                crate::syntax::print_expr(&call)
            };
            let number = Quantity { value: classes as f64, unit: None, whole: true };
            return (args[at].value.span, Some([with(ExprKind::Number(number)), with(ExprKind::Name("K".into()))]));
        }
        (self.output_place(), None)
    }
}
