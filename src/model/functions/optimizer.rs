//! Gradients, clipped, and what an optimizer makes of them.

use crate::model::apply::Entered;
use crate::model::lower::{Lower, Outcome};
use crate::model::modules::Definition;
use crate::model::train::{Clip, Experiment, callee, selects};
use crate::model::value::*;
use crate::problem::Problem;
use crate::problem::training::*;
use crate::scalar::{Dtype, Scalar};
use crate::syntax::tree::{Kind, Name, Selector, TypeKind};
use crate::tensor::Id;

impl Experiment {
    /// The next value of one parameter. The scheduled rate, without multipliers.
    pub fn update(&self, lower: &mut Lower, slot: u32, gradient: Id, factor: &Tensor) -> Outcome<Option<Id>> {
        let expr = &self.optimizer;
        let mut scope = self.scope();
        let (forms, given) = callee(lower, expr, Kind::Optimizer, &mut scope)?;
        let path = lower.declared[slot as usize].path.clone();
        let parameter = lower.state(slot);
        let own = [("p", Value::Tensor(parameter.clone())), ("g", Value::Tensor(lower.whole(gradient)))];
        let (form, mut entered) = match self.fitting_form(lower, &forms, &given, &own, &path) {
            Ok(found) => found?,
            Err(mut problems) => {
                let note = parameter_unfit(&forms[0].callable.name.text, &path);
                problems.iter_mut().filter(|it| it.code == "rank-mismatch").for_each(|it| it.notes.push(note.clone()));
                return Err(lower.keep(problems));
            }
        };
        entered.scope.owner = Some(parameter.shape.clone());
        let mut base = None;
        for param in &form.callable.config {
            let scale = self.scale(param.name.as_str(), &path);
            let is_rate = matches!(&param.ty, Some(ty) if matches!(&ty.kind, TypeKind::Named { name, .. } if name.as_str() == "rate"));
            let Some(Value::Number(number)) = entered.scope.get(param.name.as_str()).cloned() else { continue };
            if is_rate {
                let rate = lower.constant(number.value, Dtype::F32);
                let rate = lower.map(Scalar::Mul, &[&rate, factor]).expect("numbers");
                base = base.or(Some(rate.id));
                let scale = lower.constant(scale, Dtype::F32);
                let rate = lower.map(Scalar::Mul, &[&rate, &scale]).expect("numbers");
                entered.scope.bind(param.name.as_str(), Value::Tensor(rate));
            } else if scale != 1.0 {
                let value = Value::Number(Number { value: number.value * scale, whole: false, ..number });
                entered.scope.bind(param.name.as_str(), value);
            }
        }
        let outer = std::mem::replace(&mut lower.path, path);
        let value = lower.evaluate_form(&form, &mut entered.scope, expr.span);
        lower.path = outer;
        value?;
        if !lower.nexts.contains_key(&slot) {
            let (optimizer, at, declared) = (form.callable.name.text.to_string(), expr.span, form.callable.head);
            return Err(lower.report(OptimizerWithoutUpdate { optimizer, at, declared }));
        }
        Ok(base)
    }

    /// The first form of the optimizer that takes this parameter: one may be for matrices, the next for all else. Each is
    /// given what it asks for.
    fn fitting_form(
        &self,
        lower: &mut Lower,
        forms: &[Definition],
        given: &[Given],
        own: &[(&str, Value)],
        path: &str,
    ) -> Result<Outcome<(Definition, Entered)>, Vec<Problem>> {
        let mut first = None;
        for form in forms {
            let what = format!("the optimizer `{}`", form.callable.name.text);
            let before = self.still_before(lower, path);
            let asked = form.callable.inputs.iter().map(|input| self.quantity(lower, &input.name, own, before, &what));
            let inputs: Vec<Value> = match asked.collect() {
                Ok(inputs) => inputs,
                Err(reported) => return Ok(Err(reported)),
            };
            match lower.enter(std::slice::from_ref(form), &inputs, given, path, self.optimizer.span) {
                Ok(entered) => return Ok(Ok(entered)),
                Err(problems) => first = first.or(Some(problems)),
            }
        }
        Err(first.expect("a form"))
    }

    /// What optimizers and schedules can ask for. A parameter that was frozen for a while counts its own updates: those of
    /// the run without the ones `before`.
    pub(super) fn quantity(
        &self,
        lower: &mut Lower,
        name: &Name,
        own: &[(&str, Value)],
        before: u64,
        what: &str,
    ) -> Outcome<Value> {
        if let Some((_, value)) = own.iter().find(|(it, _)| *it == name.as_str()) {
            return Ok(value.clone());
        }
        match name.as_str() {
            "t" => Ok(Value::Tensor(lower.step_number(before))),
            "total" => {
                let total = lower.setting.total.saturating_sub(before);
                Ok(Value::Number(Number { updates: true, ..Number::real(total as f64) }))
            }
            _ => {
                let known = own.iter().map(|(it, _)| it.to_string()).chain(["t".into(), "total".into()]).collect();
                let (callee, text, at) = (what.to_string(), name.text.to_string(), lower.blame(name.span));
                Err(lower.report(UnknownQuantity { callee, name: text, at, known }))
            }
        }
    }

    pub(super) fn clip(&self, lower: &mut Lower, gradients: &mut [Id]) {
        match self.clip {
            None => {}
            Some(Clip::Value(limit)) => {
                for gradient in gradients {
                    let whole = lower.whole(*gradient);
                    let (low, high) = (lower.constant(-limit, Dtype::F32), lower.constant(limit, Dtype::F32));
                    let above = lower.map(Scalar::Max, &[&whole, &low]).expect("one shape");
                    *gradient = lower.map(Scalar::Min, &[&above, &high]).expect("one shape").id;
                }
            }
            // min(1, limit / ‖g‖) (Pascanu et al., 2013).
            Some(Clip::Norm(limit)) => {
                let mut sum = lower.constant(0.0, Dtype::F32);
                for &gradient in gradients.iter() {
                    let whole = lower.whole(gradient);
                    let mut square = lower.map(Scalar::Mul, &[&whole, &whole]).expect("one shape");
                    while !square.shape.is_empty() {
                        square = lower.sum(&square, square.shape.len() - 1);
                    }
                    sum = lower.map(Scalar::Add, &[&sum, &square]).expect("numbers");
                }
                let norm = lower.map(Scalar::Sqrt, &[&sum]).expect("a number");
                let limit = lower.constant(limit, Dtype::F32);
                let larger = lower.map(Scalar::Max, &[&norm, &limit]).expect("numbers");
                let factor = lower.map(Scalar::Div, &[&limit, &larger]).expect("numbers");
                for gradient in gradients {
                    let whole = lower.whole(*gradient);
                    *gradient = lower.map(Scalar::Mul, &[&whole, &factor]).expect("one shape").id;
                }
            }
        }
    }

    /// The product of the multipliers of a setting for one parameter.
    fn scale(&self, setting: &str, path: &str) -> f64 {
        let chosen = |patterns: &[Selector]| patterns.iter().any(|it| selects(&it.pattern, path));
        let factors = self.scales.iter().filter(|(name, _, what)| name.as_str() == setting && chosen(what));
        factors.map(|(_, factor, _)| factor).product()
    }
}
