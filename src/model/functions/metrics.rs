//! The value of a metric over all examples.

use super::Output;
use super::losses::mean_of_all;
use crate::model::lower::{Lower, Outcome};
use crate::model::train::{Experiment, MetricExpr, callee, said};
use crate::model::value::*;
use crate::problem::Problem;
use crate::problem::training::*;
use crate::syntax::tree::{Callable, Kind, Type, TypeKind};

impl Experiment {
    /// The value of a metric over all examples.
    pub fn metric_of(
        &self,
        lower: &mut Lower,
        metric: &MetricExpr,
        outputs: &[Output],
        targets: &[Tensor],
    ) -> Outcome<Tensor> {
        let what = format!("the metric `{}`", metric.name);
        let (output, target, at) = self.binding(&what, metric.span, metric.target.as_ref(), outputs, targets, lower)?;
        let mut scope = self.scope();
        let (forms, given) = callee(lower, &metric.expr, Kind::Metric, &mut scope)?;
        let inputs = [output.clone(), Value::Tensor(target.clone())];
        match lower.enter(&forms, &inputs, &given, "", metric.span) {
            Ok((form, entered)) => {
                let value = self.value_of(lower, &form, entered, metric.span)?;
                let tensor = lower.tensor_of(value, metric.span)?;
                // A score is one number: the mean over what is left of the batch and of the target's own axes.
                let is_table = tensor.lead.is_empty() && form.callable.across_batch && !is_score(&form.callable);
                Ok(if is_table { tensor } else { mean_of_all(lower, &tensor) })
            }
            Err(problems) => {
                let fits = |it: &Problem| {
                    !matches!(
                        it.code,
                        "type-mismatch" | "axis-mismatch" | "rank-mismatch" | "optional-as-present" | "wrong-kind"
                    )
                };
                if problems.iter().any(fits) || problems.is_empty() {
                    return Err(lower.keep(problems));
                }
                let fitting = self.fitting(lower, Kind::Metric, &inputs);
                let decl = &self.fields.decls[self.targets[at]];
                let output = match &output {
                    Value::Tensor(tensor) => said(tensor),
                    _ => "several outputs".into(),
                };
                let (metric_name, target) = (metric.name.clone(), said(target));
                let (output_at, target_at) = (self.output_place(), decl.ty.span);
                Err(lower.report(MetricDoesNotFit {
                    metric: metric_name,
                    output,
                    target,
                    at: metric.span,
                    output_at,
                    target_at,
                    fitting,
                }))
            }
        }
    }
}

/// Whether a metric says by its type that it is better or worse, not a table.
fn is_score(metric: &Callable) -> bool {
    matches!(&metric.result, Some(Type { kind: TypeKind::Named { name, .. }, .. }) if matches!(name.as_str(), "score" | "error"))
}
