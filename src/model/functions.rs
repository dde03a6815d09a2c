//! The functions of an experiment: one update, prediction, loss and metrics, as graphs.

use std::sync::Arc;

use super::apply::Entered;
use super::lower::{Lower, Outcome, Reported, Setting};
use super::modules::{Definition, LIBRARY};
use super::program::{Length, OutputKind, Pace};
use super::train::{Clip, Experiment, MetricExpr, callee, said, selects};
use super::types;
use super::units::Measure;
use super::value::*;
use crate::problem::Problem;
use crate::problem::names::PatternUnmatched;
use crate::problem::shapes::ClassCount;
use crate::problem::training::*;
use crate::problem::values::WarmupLongerThanRun;
use crate::scalar::{Dtype, Scalar};
use crate::source::Span;
use crate::syntax::tree::{Binary, Callable, Expr, ExprKind, Kind, Name, Quantity, Selector, Type, TypeKind};
use crate::tensor::{Function, Graph, Id, Slot};

/// The extents and the type of a feed.
type FeedType = (Vec<usize>, Dtype);

/// The setting of a schedule that is compared with the run.
const WARMUP: &str = "warmup";

/// What a model gives.
#[derive(Clone)]
pub struct Output {
    /// Empty where there is one unnamed output.
    pub name: String,
    pub tensor: Tensor,
}

/// What lowering a step finds on its way.
pub struct Step {
    pub outputs: Vec<Output>,
    pub loss: Id,
    pub total: Id,
    pub rate: Id,
}

impl Experiment {
    /// The fields that a step reads, in the order of its feeds.
    pub fn feeds(&self) -> Vec<usize> {
        self.inputs.iter().chain(&self.targets).copied().chain(self.weight).collect()
    }

    fn feed(&self, lower: &mut Lower, slot: usize, field: usize) -> Tensor {
        let it = &self.fields.received[field];
        let shape = [&[lower.setting.batch][..], &it.shape].concat();
        let id = lower.graph.input(Slot::Feed(slot as u32), &shape, it.dtype);
        Tensor { meaning: it.meaning, optional: it.optional, ..lower.tensor(id, vec![BATCH]) }
    }

    /// A target as losses and metrics see it.
    pub fn target(&self, lower: &mut Lower, slot: usize, field: usize) -> Tensor {
        let tensor = self.feed(lower, slot, field);
        match tensor.meaning {
            Meaning::Plain => Tensor { meaning: Meaning::Quantity, ..tensor },
            _ => tensor,
        }
    }

    fn feed_types(&self, fields: &[usize], n: usize) -> Vec<(Vec<usize>, Dtype)> {
        let of = |&field: &usize| {
            let it = &self.fields.received[field];
            ([&[n][..], &it.shape].concat(), it.dtype)
        };
        fields.iter().map(of).collect()
    }

    fn states(&self) -> Vec<(Vec<usize>, Dtype)> {
        self.declared.iter().map(|it| (it.shape.clone(), Dtype::F32)).collect()
    }

    /// The number that a free size of the model's result stands for.
    fn wanted_scores(&self) -> Option<usize> {
        let [target] = self.targets[..] else { return None };
        let it = &self.fields.received[target];
        match it.meaning {
            Meaning::Class { values } => Some(values),
            _ => it.shape.last().copied(),
        }
    }

    /// The model, on inputs that are fed.
    pub fn forward(&self, lower: &mut Lower) -> Outcome<Vec<Output>> {
        let inputs: Vec<Value> =
            self.inputs.iter().enumerate().map(|(slot, &field)| Value::Tensor(self.feed(lower, slot, field))).collect();
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

    // -------------------------------------------------------------------------------------------- loss

    /// The loss of the batch, without regularizers.
    fn loss_of(
        &self,
        lower: &mut Lower,
        outputs: &[Output],
        targets: &[Tensor],
        weight: Option<&Tensor>,
    ) -> Outcome<Tensor> {
        let each = self.loss_term(lower, &self.loss, None, outputs, targets)?;
        let mut each = each;
        if let Some(weight) = weight {
            let weight = lower.reshape(weight, &[]);
            each = lower.map(Scalar::Mul, &[&each, &weight]).expect("numbers");
        }
        Ok(mean_of_all(lower, &each))
    }

    /// One term of the loss, for each example.
    fn loss_term(
        &self,
        lower: &mut Lower,
        expr: &Expr,
        on: Option<&Name>,
        outputs: &[Output],
        targets: &[Tensor],
    ) -> Outcome<Tensor> {
        match &expr.kind {
            ExprKind::Binary { op: Binary::On, left, right, .. } => {
                let ExprKind::Name(name) = &right.kind else { return Err(Reported) };
                self.loss_term(lower, left, Some(&Name::new(name.clone(), right.span)), outputs, targets)
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

    /// The output and the target that a loss or a metric means.
    fn binding<'t>(
        &self,
        what: &str,
        span: Span,
        on: Option<&Name>,
        outputs: &'t [Output],
        targets: &'t [Tensor],
        lower: &mut Lower,
    ) -> Outcome<(Value, &'t Tensor, usize)> {
        let names: Vec<String> = self.targets.iter().map(|&at| self.fields.decls[at].name.text.to_string()).collect();
        let at = match on {
            Some(name) => match names.iter().position(|it| *it == *name.text) {
                Some(at) => at,
                None => {
                    let near = crate::source::nearest(&name.text, names.iter().map(String::as_str)).map(str::to_string);
                    let (kind, name, at) = ("target".to_string(), name.text.to_string(), name.span);
                    return Err(lower.report(crate::problem::names::UnknownName { kind, name, at, near }));
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
                // A mistake of the configuration is told as it is; all else means that the loss does not fit.
                let fits = |it: &Problem| {
                    !matches!(
                        it.code,
                        "type-mismatch" | "axis-mismatch" | "rank-mismatch" | "optional-as-present" | "wrong-kind"
                    )
                };
                if problems.iter().any(fits) || problems.is_empty() {
                    return Err(lower.keep(problems));
                }
                Err(self.loss_unfit(lower, expr, &forms, &output, target, at))
            }
        }
    }

    fn value_of(&self, lower: &mut Lower, form: &Definition, entered: Entered, span: Span) -> Outcome<Value> {
        let Entered { mut scope, .. } = entered;
        match lower.evaluate_form(form, &mut scope, span)? {
            Some(value) => Ok(value),
            None => Err(lower.gives_nothing(form, span)),
        }
    }

    /// Says why a loss does not fit, and which would.
    fn loss_unfit(
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
            if let (Meaning::Class { values }, [.., scores]) = (target.meaning, &tensor.shape[..])
                && tensor.meaning == Meaning::Logits
                && *scores != values
            {
                let (scores, classes, target_at) = (*scores, values, decl.ty.span);
                let (at, calls) = self.scores_place(scores, classes);
                let problem = ClassCount { scores, classes, at, target_at, model, calls };
                return lower.report(problem);
            }
        }
        // What would fit is no help: yes or no wants one score.
        let one_score = matches!(output, Value::Tensor(tensor) if tensor.meaning == Meaning::Logits)
            && target.meaning == Meaning::Binary;
        let inputs = [output.clone(), Value::Tensor(target.clone())];
        let fitting = if one_score { vec![] } else { self.fitting(lower, Kind::Loss, &inputs) };
        let output_text = match output {
            Value::Tensor(tensor) => said(tensor),
            _ => "several outputs".into(),
        };
        let (target_text, target_name) = (said(target), decl.name.text.to_string());
        let reason = if one_score { Some(one_score_for_two()) } else { self.shapes_differ(output, target) };
        lower.report(LossDoesNotFit {
            loss,
            output: output_text,
            target: target_text,
            target_name,
            at: expr.span,
            output_at,
            target_at: decl.ty.span,
            fitting,
            reason,
        })
    }

    fn shapes_differ(&self, output: &Value, target: &Tensor) -> Option<String> {
        let Value::Tensor(output) = output else { return None };
        let plain = |it: &Tensor| matches!(it.meaning, Meaning::Plain | Meaning::Quantity | Meaning::Image);
        let (a, b) = (output.shape.iter().product::<usize>(), target.shape.iter().product::<usize>());
        (plain(output) && plain(target) && a != b).then(|| format!("the last layer should give {b} instead of {a}"))
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

    /// Where the model says what it gives: its last stage.
    pub fn output_place(&self) -> Span {
        match self.last_stage() {
            Some(Expr { kind: ExprKind::As { expr, .. }, .. }) => expr.span,
            Some(expr) => expr.span,
            None => self.model[0].callable.head,
        }
    }

    /// Where the number of scores is said, and how the call would read with the number of classes and with `K`.
    fn scores_place(&self, scores: usize, classes: usize) -> (Span, Option<[String; 2]>) {
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

    // -------------------------------------------------------------------------------------------- a step

    /// Lowers one update: forward, loss, regularizers, gradient, clipping, optimizer.
    pub fn lower_step(&self, lower: &mut Lower) -> Outcome<Step> {
        let outputs = self.forward(lower)?;
        let fed = self.inputs.len();
        let targets: Vec<Tensor> =
            self.targets.iter().enumerate().map(|(at, &field)| self.target(lower, fed + at, field)).collect();
        let weight = self.weight.map(|field| self.feed(lower, fed + targets.len(), field));
        let loss = self.loss_of(lower, &outputs, &targets, weight.as_ref())?;
        let parameters: Vec<u32> =
            (0..lower.declared.len() as u32).filter(|&slot| lower.declared[slot as usize].trained).collect();
        let mut total = loss.clone();
        for term in &self.regularizers {
            let chosen = self.selected(lower, &term.what, &parameters)?;
            let mut scope = self.scope();
            let (forms, given) = callee(lower, &term.value, Kind::Regularizer, &mut scope)?;
            for slot in chosen {
                let parameter = Value::Tensor(lower.state(slot));
                let (form, entered) = match lower.enter(&forms, &[parameter], &given, "", term.value.span) {
                    Ok(entered) => entered,
                    Err(problems) => return Err(lower.keep(problems)),
                };
                let value = self.value_of(lower, &form, entered, term.value.span)?;
                let value = lower.tensor_of(value, term.value.span)?;
                if !value.shape.is_empty() || lower.dtype(&value) != Dtype::F32 {
                    let (what, found) =
                        (format!("the regularizer `{}`", form.callable.name.text), types::describe(&value));
                    return Err(lower.report(LossNotANumber { what, found, at: term.value.span }));
                }
                total = lower.map(Scalar::Add, &[&total, &value]).expect("numbers");
            }
        }
        for (_, _, what) in &self.scales {
            self.selected(lower, what, &parameters)?;
        }
        if parameters.is_empty() {
            let callable = &self.model[0].callable;
            let (model, at) = (callable.name.text.to_string(), callable.name.span);
            return Err(lower.report(NoParameters { model, at }));
        }
        let mut moving = parameters.clone();
        for pattern in &self.frozen {
            let chosen = self.selected(lower, std::slice::from_ref(pattern), &parameters)?;
            moving.retain(|slot| !chosen.contains(slot));
        }
        if let (true, Some(pattern)) = (moving.is_empty(), self.frozen.last()) {
            let model = self.model[0].callable.name.text.to_string();
            return Err(lower.report(AllFrozen { model, at: pattern.span }));
        }
        let wanted: Vec<Id> = moving.iter().map(|&slot| lower.state(slot).id).collect();
        let mut gradients = crate::tensor::grad(&mut lower.graph, total.id, &wanted);
        self.lint_effect(lower, &moving, &gradients);
        self.clip(lower, &mut gradients);
        let factor = self.factor(lower)?;
        let mut rate = None;
        for (&slot, gradient) in moving.iter().zip(gradients) {
            let base = self.update(lower, slot, gradient, &factor)?;
            rate = rate.or(base);
        }
        let zero = lower.constant(0.0, Dtype::F32);
        Ok(Step { outputs, loss: loss.id, total: total.id, rate: rate.unwrap_or(zero.id) })
    }

    /// The parameters that patterns select, all where there is no pattern.
    fn selected(&self, lower: &mut Lower, patterns: &[Selector], parameters: &[u32]) -> Outcome<Vec<u32>> {
        if patterns.is_empty() {
            return Ok(parameters.to_vec());
        }
        let mut chosen = Vec::new();
        for pattern in patterns {
            let before = chosen.len();
            for &slot in parameters {
                if selects(&pattern.pattern, &lower.declared[slot as usize].path) && !chosen.contains(&slot) {
                    chosen.push(slot);
                }
            }
            if chosen.len() == before {
                let paths: Vec<&str> = parameters.iter().map(|&slot| &*lower.declared[slot as usize].path).collect();
                // What could be meant: a parameter, or a part.
                let parts = paths.iter().flat_map(|path| path.match_indices('.').map(|(at, _)| &path[..at]));
                let near = crate::source::nearest(&pattern.pattern, paths.iter().copied().chain(parts));
                let (near, pattern_text, at) = (near.map(str::to_string), pattern.pattern.to_string(), pattern.span);
                let parameters = paths.iter().map(|it| it.to_string()).collect();
                return Err(lower.report(PatternUnmatched { pattern: pattern_text, at, near, parameters }));
            }
        }
        chosen.sort_unstable();
        Ok(chosen)
    }

    /// Warns of parameters whose gradient is the constant 0.
    fn lint_effect(&self, lower: &mut Lower, slots: &[u32], gradients: &[Id]) {
        if !lower.discovering {
            return;
        }
        let zero = |id: Id| matches!(lower.graph[id].op, crate::tensor::Op::Const(bits) if f32::from_bits(bits) == 0.0);
        let dead: Vec<u32> = slots.iter().zip(gradients).filter(|&(_, &id)| zero(id)).map(|(&slot, _)| slot).collect();
        if let Some(&first) = dead.first() {
            let paths = dead.iter().map(|&slot| lower.declared[slot as usize].path.clone()).collect();
            let at = lower.declared[first as usize].span;
            lower.report(crate::problem::lint::PartWithoutEffect { paths, at });
        }
    }

    fn clip(&self, lower: &mut Lower, gradients: &mut [Id]) {
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
                let (limit, one) = (lower.constant(limit, Dtype::F32), lower.constant(1.0, Dtype::F32));
                let larger = lower.map(Scalar::Max, &[&norm, &limit]).expect("numbers");
                let factor = lower.map(Scalar::Div, &[&limit, &larger]).expect("numbers");
                let _ = one;
                for gradient in gradients {
                    let whole = lower.whole(*gradient);
                    *gradient = lower.map(Scalar::Mul, &[&whole, &factor]).expect("one shape").id;
                }
            }
        }
    }

    /// What optimizers and schedules can ask for.
    fn quantity(&self, lower: &mut Lower, name: &Name, own: &[(&str, Value)], what: &str) -> Outcome<Value> {
        if let Some((_, value)) = own.iter().find(|(it, _)| *it == name.as_str()) {
            return Ok(value.clone());
        }
        match name.as_str() {
            "t" => Ok(Value::Tensor(lower.step_number())),
            "total" => Ok(Value::Number(Number::real(lower.setting.total as f64))),
            _ => {
                let known = own.iter().map(|(it, _)| it.to_string()).chain(["t".into(), "total".into()]).collect();
                let (callee, text, at) = (what.to_string(), name.text.to_string(), lower.blame(name.span));
                Err(lower.report(UnknownQuantity { callee, name: text, at, known }))
            }
        }
    }

    /// The schedule's factor of the learning rate at this update.
    fn factor(&self, lower: &mut Lower) -> Outcome<Tensor> {
        let Some(expr) = &self.schedule else { return Ok(lower.constant(1.0, Dtype::F32)) };
        let mut scope = self.scope();
        let (forms, given) = callee(lower, expr, Kind::Schedule, &mut scope)?;
        let mut inputs = Vec::new();
        for input in &forms[0].callable.inputs {
            let what = format!("the schedule `{}`", forms[0].callable.name.text);
            inputs.push(self.quantity(lower, &input.name, &[], &what)?);
        }
        let (form, entered) = match lower.enter(&forms, &inputs, &given, "", expr.span) {
            Ok(entered) => entered,
            Err(problems) => return Err(lower.keep(problems)),
        };
        let value = self.value_of(lower, &form, entered, expr.span)?;
        let factor = lower.tensor_of(value, expr.span)?;
        if !factor.shape.is_empty() || lower.dtype(&factor) != Dtype::F32 {
            let (what, found) = (format!("the schedule `{}`", form.callable.name.text), types::describe(&factor));
            return Err(lower.report(LossNotANumber { what, found, at: expr.span }));
        }
        Ok(factor)
    }

    /// The warm-up that the schedule was given, and where.
    fn warmup(&self, lower: &mut Lower) -> Option<(Number, Span)> {
        let (forms, given) = callee(lower, self.schedule.as_ref()?, Kind::Schedule, &mut self.scope()).ok()?;
        let at = forms[0].callable.config.iter().position(|param| param.name.as_str() == WARMUP)?;
        let found = given.iter().enumerate().find(|(place, it)| match &it.name {
            Some(_) => it.is_named(WARMUP),
            None => *place == at,
        });
        match found?.1.value.clone().settled() {
            Value::Number(number) => Some((number, found?.1.span)),
            _ => None,
        }
    }

    /// A warm-up that never ends, where both are told in one measure.
    pub fn long_warmup(&self, length: Length, problems: &mut Vec<Problem>) {
        let (warmup, at) = match self.warmup(&mut self.lower(still(1), &mut Vec::new())) {
            Some(found) => found,
            None => return,
        };
        let (total, unit) = match (warmup.measure, length) {
            (Some(Measure::Share), _) => (1.0, ""),
            (Some(Measure::Epochs), Length::Epochs(epochs)) => (epochs, " epochs"),
            (Some(Measure::Steps), Length::Steps(steps)) => (steps as f64, " steps"),
            _ => return,
        };
        if warmup.value >= total {
            let (setting, warmup) = (WARMUP.to_string(), format!("{}{unit}", warmup.value));
            let (warmup, total) = match unit {
                "" => ("all".to_string(), None),
                unit => (warmup, Some(format!("{total}{unit}"))),
            };
            problems.push(WarmupLongerThanRun { setting, warmup, total, at }.into());
        }
    }

    /// The same once the rows are counted.
    pub fn long_warmup_of(&self, pace: Pace) -> Option<Problem> {
        let mut problems = Vec::new();
        let setting = Setting { training: true, batch: pace.batch, epoch: pace.epoch, total: pace.total };
        let mut lower = self.lower(setting, &mut problems);
        let (warmup, at) = self.warmup(&mut lower)?;
        let updates = lower.updates(WARMUP, warmup, at).ok()?.value;
        (updates >= pace.total as f64).then(|| {
            let (warmup, total) = (format!("{updates} steps"), Some(format!("{} steps", pace.total)));
            WarmupLongerThanRun { setting: WARMUP.to_string(), warmup, total, at }.into()
        })
    }

    /// The next value of one parameter. The scheduled rate, without multipliers.
    fn update(&self, lower: &mut Lower, slot: u32, gradient: Id, factor: &Tensor) -> Outcome<Option<Id>> {
        let expr = &self.optimizer;
        let mut scope = self.scope();
        let (forms, given) = callee(lower, expr, Kind::Optimizer, &mut scope)?;
        let path = lower.declared[slot as usize].path.clone();
        let parameter = lower.state(slot);
        let own = [("p", Value::Tensor(parameter.clone())), ("g", Value::Tensor(lower.whole(gradient)))];
        let mut inputs = Vec::new();
        for input in &forms[0].callable.inputs {
            let what = format!("the optimizer `{}`", forms[0].callable.name.text);
            inputs.push(self.quantity(lower, &input.name, &own, &what)?);
        }
        let (form, mut entered) = match lower.enter(&forms, &inputs, &given, &path, expr.span) {
            Ok(entered) => entered,
            Err(problems) => return Err(lower.keep(problems)),
        };
        entered.scope.owner = Some(parameter.shape.clone());
        let mut base = None;
        for param in &form.callable.config {
            let scale = self.scale(lower, param.name.as_str(), &path);
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

    /// The product of the multipliers of a setting for one parameter.
    fn scale(&self, lower: &Lower, setting: &str, path: &str) -> f64 {
        let _ = lower;
        let chosen = |patterns: &[Selector]| patterns.iter().any(|it| selects(&it.pattern, path));
        let factors = self.scales.iter().filter(|(name, _, what)| name.as_str() == setting && chosen(what));
        factors.map(|(_, factor, _)| factor).product()
    }

    // -------------------------------------------------------------------------------------------- for the program

    pub fn step_function(&self, pace: Pace) -> Function {
        let mut problems = Vec::new();
        let setting = Setting { training: true, batch: pace.batch, epoch: pace.epoch, total: pace.total };
        let mut lower = self.lower(setting, &mut problems);
        let step = self.lower_step(&mut lower);
        let step = step.unwrap_or_else(|_| panic!("a sound program: {:?}", lower.problems));
        let updates = std::mem::take(&mut lower.nexts).into_iter().collect();
        let feeds = self.feed_types(&self.feeds(), pace.batch);
        Function {
            graph: lower.graph,
            states: self.states(),
            feeds,
            results: vec![step.loss, step.total, step.rate],
            updates,
        }
    }

    /// The gradient of the loss with its regularizers in each parameter of `slots`.
    pub fn gradient_function(&self, slots: &[u32], n: usize, training: bool) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(Setting { training, batch: n, epoch: 1, total: 1 << 40 }, &mut problems);
        let step = self.lower_step(&mut lower).expect("checked before");
        let wanted: Vec<Id> = slots.iter().map(|&slot| lower.state(slot).id).collect();
        let results = crate::tensor::grad(&mut lower.graph, step.total, &wanted);
        let feeds = self.feed_types(&self.feeds(), n);
        Function { graph: lower.graph, states: self.states(), feeds, results, updates: vec![] }
    }

    /// The loss with its regularizers, without an update.
    pub fn objective_function(&self, n: usize, training: bool) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(Setting { training, batch: n, epoch: 1, total: 1 << 40 }, &mut problems);
        let step = self.lower_step(&mut lower).expect("checked before");
        let feeds = self.feed_types(&self.feeds(), n);
        Function { graph: lower.graph, states: self.states(), feeds, results: vec![step.total], updates: vec![] }
    }

    pub fn predict_function(&self, n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(still(n), &mut problems);
        let outputs = self.forward(&mut lower).expect("checked before");
        let results = outputs.iter().map(|it| lower.spread(&it.tensor, &[BATCH], &it.tensor.shape)).collect();
        let feeds = self.feed_types(&self.inputs, n);
        Function { graph: lower.graph, states: self.states(), feeds, results, updates: vec![] }
    }

    /// Outputs and targets as feeds, for what is measured.
    fn measured(
        &self,
        lower: &mut Lower,
        outputs: &[(String, Vec<usize>, Meaning)],
        n: usize,
    ) -> (Vec<Output>, Vec<Tensor>, Vec<FeedType>) {
        let mut feeds = Vec::new();
        let mut fed = Vec::new();
        for (slot, (name, shape, meaning)) in outputs.iter().enumerate() {
            let shape = [&[n][..], shape].concat();
            let id = lower.graph.input(Slot::Feed(slot as u32), &shape, Dtype::F32);
            let tensor = Tensor { meaning: *meaning, ..lower.tensor(id, vec![BATCH]) };
            fed.push(Output { name: name.clone(), tensor });
            feeds.push((shape, Dtype::F32));
        }
        let targets: Vec<Tensor> =
            self.targets.iter().enumerate().map(|(at, &field)| self.target(lower, outputs.len() + at, field)).collect();
        feeds.extend(self.feed_types(&self.targets, n));
        (fed, targets, feeds)
    }

    pub fn loss_function(&self, outputs: &[(String, Vec<usize>, Meaning)], n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(still(n), &mut problems);
        let (fed, targets, mut feeds) = self.measured(&mut lower, outputs, n);
        let weight = self.weight.map(|field| {
            feeds.extend(self.feed_types(&[field], n));
            self.feed(&mut lower, outputs.len() + targets.len(), field)
        });
        let loss = self.loss_of(&mut lower, &fed, &targets, weight.as_ref()).expect("checked before");
        Function { graph: lower.graph, states: self.states(), feeds, results: vec![loss.id], updates: vec![] }
    }

    pub fn metric_function(&self, metric: usize, outputs: &[(String, Vec<usize>, Meaning)], n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(still(n), &mut problems);
        let (fed, targets, feeds) = self.measured(&mut lower, outputs, n);
        let value = self.metric_of(&mut lower, &self.metrics[metric], &fed, &targets).expect("checked before");
        Function { graph: lower.graph, states: self.states(), feeds, results: vec![value.id], updates: vec![] }
    }

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

    /// What a person reads of an output.
    pub fn read_function(&self, output: &(String, Vec<usize>, Meaning), n: usize) -> Function {
        let mut problems = Vec::new();
        let mut lower = self.lower(still(n), &mut problems);
        let (_, shape, meaning) = output;
        let shape = [&[n][..], shape].concat();
        let id = lower.graph.input(Slot::Feed(0), &shape, Dtype::F32);
        let tensor = Tensor { meaning: *meaning, ..lower.tensor(id, vec![BATCH]) };
        let id = match meaning {
            Meaning::Logits | Meaning::Logit | Meaning::Prob | Meaning::LogProb => {
                let forms =
                    lower.modules.callables(LIBRARY, Kind::Fn, "probabilities").expect("a function of the library");
                let span = self.loss.span;
                let callee = Callee { what: What::Defined(forms), given: vec![], span };
                let value =
                    lower.apply(&std::rc::Rc::new(callee), vec![Value::Tensor(tensor)], span).expect("a form for each");
                lower.tensor_of(value, span).expect("a tensor").id
            }
            _ => id,
        };
        Function {
            graph: lower.graph,
            states: vec![],
            feeds: vec![(shape, Dtype::F32)],
            results: vec![id],
            updates: vec![],
        }
    }
}

/// How an output is read, by what it means.
pub fn output_kind(meaning: Meaning) -> OutputKind {
    match meaning {
        Meaning::Logits => OutputKind::Logits,
        Meaning::Logit => OutputKind::Logit,
        Meaning::Prob => OutputKind::Prob,
        Meaning::LogProb => OutputKind::LogProb,
        _ => OutputKind::Number,
    }
}

/// Neither training nor paced.
pub fn still(n: usize) -> Setting {
    Setting { training: false, batch: n, epoch: 0, total: 0 }
}

/// The callable's own expression, without arguments.
fn head(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Call { callee, .. } => head(callee),
        _ => expr,
    }
}

/// One number for each example: the mean over all other axes.
fn mean_of_examples(lower: &mut Lower, tensor: &Tensor) -> Tensor {
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

/// One number: the mean over everything.
fn mean_of_all(lower: &mut Lower, tensor: &Tensor) -> Tensor {
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

/// Whether a metric says by its type that it is better or worse, not a table.
fn is_score(metric: &Callable) -> bool {
    matches!(&metric.result, Some(Type { kind: TypeKind::Named { name, .. }, .. }) if matches!(name.as_str(), "score" | "error"))
}

/// Operations of one node: a fused multiply-add counts two.
pub fn operations(graph: &Graph, id: Id) -> u64 {
    use crate::tensor::{Op, View};
    let node = &graph[id];
    let size = node.size() as u64;
    let of = |at: usize| graph[node.args[at]].size() as u64;
    match &node.op {
        Op::Input(_) | Op::Const(_) | Op::View(_) | Op::Index { .. } | Op::Gather { .. } => 0,
        Op::Map(_) | Op::Random { .. } => size,
        Op::Fold(View::Permute { .. } | View::Reshape { .. }) => 0,
        Op::Fold(_) | Op::Max { .. } | Op::ScatterAdd { .. } | Op::Order { .. } => of(0),
        Op::Contract { a, b, .. } => {
            let only_b = b.iter().enumerate().filter(|(_, label)| !a.contains(label));
            let extra: u64 = only_b.map(|(axis, _)| graph[node.args[1]].shape[axis] as u64).product();
            2 * of(0) * extra
        }
    }
}
