//! The value of a metric over all examples.

use super::Output;
use super::fitting::are_misfits;
use super::losses::mean_of_all;
use crate::model::lower::{Lower, Outcome};
use crate::model::train::{Experiment, MetricExpr, callee};
use crate::model::value::*;
use crate::syntax::tree::{Callable, Kind, Type, TypeKind};

/// The value of a metric over all examples.
pub struct Score {
    pub value: Tensor,
    /// Whether it is the mean of a value that each example has alone.
    pub is_mean: bool,
}

impl Experiment {
    /// The value of a metric over all examples.
    pub fn metric_of(
        &self,
        lower: &mut Lower,
        metric: &MetricExpr,
        outputs: &[Output],
        targets: &[Tensor],
    ) -> Outcome<Score> {
        let what = format!("the metric `{}`", metric.name);
        let on = metric.target.as_slice();
        let (output, target, at) = self.binding(&what, metric.span, on, outputs, targets, lower)?;
        let mut scope = self.scope();
        let (forms, given) = callee(lower, &metric.expr, Kind::Metric, &mut scope)?;
        let inputs = [output.clone(), Value::Tensor(target.clone())];
        match lower.enter(&forms, &inputs, &given, "", metric.span) {
            Ok((form, entered)) => {
                let value = self.value_of(lower, &form, entered, metric.span)?;
                let tensor = lower.tensor_of(value, metric.span)?;
                // A score is one number: the mean over what is left of the batch and of the target's own axes.
                let across = form.callable.across_batch;
                let is_table = tensor.lead.is_empty() && across && !is_score(&form.callable);
                let value = if is_table { tensor } else { mean_of_all(lower, &tensor) };
                Ok(Score { value, is_mean: !across })
            }
            Err(problems) => {
                if !are_misfits(&problems) {
                    return Err(lower.keep(problems));
                }
                Err(self.metric_unfit(lower, metric, &forms, &output, target, at))
            }
        }
    }
}

/// Whether a metric says by its type that it is better or worse, not a table.
fn is_score(metric: &Callable) -> bool {
    matches!(&metric.result, Some(Type { kind: TypeKind::Named { name, .. }, .. }) if matches!(name.as_str(), "score" | "error"))
}
