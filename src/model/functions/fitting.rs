//! Losses and metrics that do not fit what they are given: why, and which would.

use crate::model::lower::{Lower, Reported};
use crate::model::modules::{Definition, LIBRARY};
use crate::model::train::{Experiment, MetricExpr, said};
use crate::model::value::*;
use crate::problem::Problem;
use crate::problem::shapes::ClassCount;
use crate::problem::training::*;
use crate::syntax::tree::{Expr, Kind, TypeKind};

impl Experiment {
    /// Says why a loss does not fit, and which would.
    pub(super) fn loss_unfit(
        &self,
        lower: &mut Lower,
        expr: &Expr,
        forms: &[Definition],
        output: &Value,
        target: &Tensor,
        at: usize,
    ) -> Reported {
        let loss = forms[0].callable.name.text.to_string();
        let decl = &self.fields.decls[self.targets[at]];
        let output_at = self.output_place();
        let model = self.model[0].callable.name.text.to_string();
        if let Value::Tensor(tensor) = output {
            let found = said(tensor);
            // Probabilities where the loss applies the softmax itself.
            let wanted = forms.iter().find_map(|form| match &form.callable.inputs.first()?.ty.as_ref()?.kind {
                TypeKind::Named { name, .. } if matches!(name.as_str(), "logits" | "logit") => {
                    Some(name.text.to_string())
                }
                _ => None,
            });
            if let (Meaning::Prob, Some(wanted)) = (tensor.meaning, wanted) {
                let at = output_at;
                return lower.report(SoftmaxTwice { loss, model, found, wanted, at, loss_at: expr.span });
            }
            if let (Meaning::Class { values, .. }, [.., scores]) = (target.meaning, &tensor.shape[..])
                && tensor.meaning == Meaning::Logits
                && *scores != values
            {
                let (scores, classes, target_at) = (*scores, values, decl.ty.span);
                let (at, calls) = self.scores_place(scores, classes);
                let declared = self.declared_scores(scores);
                let problem = ClassCount { scores, classes, at, target_at, model, calls, declared };
                return lower.report(problem);
            }
        }
        // What would fit is no help: yes or no wants one score.
        let one_score = matches!(output, Value::Tensor(tensor) if tensor.meaning == Meaning::Logits)
            && target.meaning == Meaning::Binary;
        let inputs = [output.clone(), Value::Tensor(target.clone())];
        let one_of_several = matches!(output, Value::Tensor(tensor) if tensor.meaning == Meaning::Logits)
            && target.meaning == Meaning::Set;
        let fitting = if one_score || one_of_several { vec![] } else { self.fitting(lower, Kind::Loss, &inputs) };
        let (target_text, target_name) = (said(target), decl.name.text.to_string());
        let reason = match one_score {
            true => Some(one_score_for_two()),
            false => self.unordered(forms, target, at).or_else(|| unfit(output, target)),
        };
        lower.report(LossDoesNotFit {
            loss,
            output: said_output(output),
            target: target_text,
            target_name,
            at: expr.span,
            output_at,
            target_at: decl.ty.span,
            fitting,
            reason,
        })
    }

    /// Says that a metric does not fit, and which would.
    pub(super) fn metric_unfit(
        &self,
        lower: &mut Lower,
        metric: &MetricExpr,
        forms: &[Definition],
        output: &Value,
        target: &Tensor,
        at: usize,
    ) -> Reported {
        let inputs = [output.clone(), Value::Tensor(target.clone())];
        let fitting = self.fitting(lower, Kind::Metric, &inputs);
        lower.report(MetricDoesNotFit {
            metric: metric.name.clone(),
            output: said_output(output),
            target: said(target),
            at: metric.span,
            output_at: self.output_place(),
            target_at: self.fields.decls[self.targets[at]].ty.span,
            fitting,
            reason: self.unordered(forms, target, at),
        })
    }

    /// That a form would take the classes of a target if they had an order.
    fn unordered(&self, forms: &[Definition], target: &Tensor, at: usize) -> Option<String> {
        let takes = |word: &str| {
            forms.iter().filter_map(|form| form.callable.inputs.get(1)?.ty.as_ref()).any(|ty| match &ty.kind {
                TypeKind::Named { name, .. } => name.as_str() == word,
                TypeKind::Tuple(_) | TypeKind::Broken => false,
            })
        };
        let has_none = matches!(target.meaning, Meaning::Class { ordered: false, .. });
        (has_none && takes("ordinal") && !takes("class"))
            .then(|| no_order(&self.fields.decls[self.targets[at]].name.text))
    }

    /// The names of the library's callables of `kind` that take these inputs as they are.
    fn fitting(&self, lower: &mut Lower, kind: Kind, inputs: &[Value]) -> Vec<String> {
        let modules = lower.modules;
        let names: Vec<String> = modules.names_of(LIBRARY, kind).into_iter().map(str::to_string).collect();
        let span = self.loss.span;
        let mut fitting = Vec::new();
        for name in names {
            let forms = modules.callables(LIBRARY, kind, &name).expect("a name of the library");
            if lower.attempt(|lower| lower.enter(&forms, inputs, &[], "", span).map_err(|_| Reported)).is_ok() {
                fitting.push(name);
            }
        }
        fitting
    }
}

/// Whether problems mean that a loss or a metric does not fit. A mistake of its configuration is told as it is.
pub(super) fn are_misfits(problems: &[Problem]) -> bool {
    let is_misfit = |it: &Problem| {
        matches!(it.code, "type-mismatch" | "axis-mismatch" | "rank-mismatch" | "optional-as-present" | "wrong-kind")
    };
    !problems.is_empty() && problems.iter().all(is_misfit)
}

/// Why no loss compares such an output with such a target.
fn unfit(output: &Value, target: &Tensor) -> Option<String> {
    let Value::Tensor(output) = output else { return None };
    let plain = |it: &Tensor| matches!(it.meaning, Meaning::Plain | Meaning::Quantity | Meaning::Image);
    let (a, b) = (output.shape.iter().product::<usize>(), target.shape.iter().product::<usize>());
    match (output.meaning, target.meaning) {
        (Meaning::Logits, Meaning::Set) => Some(several_at_once()),
        (Meaning::Logit, Meaning::Set) if a != b => Some(other_count(b, a)),
        (Meaning::Logit, Meaning::Class { values, ordered: true, .. }) if a != values - 1 => {
            Some(other_count(values - 1, a))
        }
        (_, Meaning::Class { ordered: true, .. }) if plain(output) => Some(order_without_distances()),
        _ if plain(output) && plain(target) && a != b => Some(other_count(b, a)),
        _ => None,
    }
}

fn said_output(output: &Value) -> String {
    match output {
        Value::Tensor(tensor) => said(tensor),
        _ => "several outputs".into(),
    }
}
