//! Application: which form of a callable fits, and what it gives.

mod arguments;
mod results;
mod settings;

use std::rc::Rc;
use std::sync::Arc;

use arguments::Arrivals;
pub use settings::inputs_of;

use super::eval::Scope;
use super::lower::{Applied, Lower, Outcome, Reported};
use super::modules::Definition;
use super::train::selects;
use super::types::{describe, is_variable};
use super::value::*;
use crate::problem::Problem;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::training::AugmentationInField;
use crate::problem::values::*;
use crate::scalar::Dtype;
use crate::source::Span;
use crate::syntax::tree::{Dim, Expr, ExprKind, Kind, Type, TypeKind};

/// A definition about to be evaluated: its names bound, and the axes over which it is carried along.
pub struct Entered {
    pub scope: Scope,
    pub lifted: Vec<Lead>,
}

/// Definitions within definitions.
const MOST_OPEN: usize = 64;

impl Lower<'_> {
    /// Applies a function, now.
    pub fn apply(&mut self, callee: &Rc<Callee>, inputs: Vec<Value>, span: Span) -> Outcome<Value> {
        match &callee.what {
            What::Builtin(builtin) => {
                let piped = inputs.into_iter().map(|value| Given { name: None, value, span });
                let all = piped.chain(callee.given.iter().cloned()).collect();
                (builtin.run)(self, super::builtins::Arguments { name: builtin.name, all, span })
            }
            What::Scalar(scalar) => {
                let piped = inputs.into_iter().map(|value| (value, span));
                let all: Vec<(Value, Span)> =
                    piped.chain(callee.given.iter().map(|given| (given.value.clone(), given.span))).collect();
                self.apply_scalar(*scalar, all, span)
            }
            What::Defined(forms) if forms[0].callable.kind == Kind::Fn => {
                let (form, entered) = match self.enter(forms, &inputs, &callee.given, "", span) {
                    Ok(entered) => entered,
                    Err(problems) => return Err(self.keep(problems)),
                };
                self.carry_out(&form, entered, span)
            }
            _ => self.applied(callee, inputs, "", span),
        }
    }

    /// Applies a layer or a model, whose parameters live under `path`.
    pub fn applied(&mut self, callee: &Rc<Callee>, inputs: Vec<Value>, path: &str, span: Span) -> Outcome<Value> {
        match &callee.what {
            What::Repeat { times, layer } => {
                let mut values = inputs;
                for at in 0..*times {
                    let value = self.applied(layer, values, &format!("{path}[{at}]"), span)?;
                    values = vec![value];
                }
                Ok(values.remove(0))
            }
            What::Defined(forms) => {
                let callable = &forms[0].callable;
                if callable.kind == Kind::Augmentation && self.columns.is_some() {
                    let (augmentation, at) = (callable.name.text.to_string(), self.blame(span));
                    return Err(self.report(AugmentationInField { augmentation, at }));
                }
                let (form, entered) = match self.enter(forms, &inputs, &callee.given, path, span) {
                    Ok(entered) => entered,
                    Err(problems) => return Err(self.keep(problems)),
                };
                if !matches!(form.callable.kind, Kind::Layer | Kind::Model | Kind::Encoder | Kind::Augmentation) {
                    let at = self.blame(span);
                    let (wanted, found) = ("a layer or a function".into(), callee.noun());
                    return Err(self.report(WrongKind { wanted, found, at, help: None }));
                }
                let outer = std::mem::replace(&mut self.path, path.to_string());
                // What is frozen is as it is when predicting.
                let training = self.setting.training;
                // What varies examples has no parameters that a pattern could mean.
                let is_part = form.callable.kind != Kind::Augmentation;
                self.setting.training &= !(is_part && self.frozen.iter().any(|it| selects(it, path)));
                let start = self.graph.len() as u32;
                let declared = self.declared.len();
                let place = self.stages.len();
                self.depth += 1;
                let value = self.carry_out(&form, entered, span);
                self.depth -= 1;
                self.setting.training = training;
                self.path = outer;
                let value = value?;
                if form.callable.kind == Kind::Layer {
                    self.note(path, &value);
                    let (ty, shape) = match &value.clone().settled() {
                        Value::Tensor(tensor) => (describe(tensor), tensor.shape.clone()),
                        _ => ("several values".to_string(), vec![]),
                    };
                    let stage = Applied {
                        path: path.to_string(),
                        layer: form.callable.name.text.to_string(),
                        form: form.clone(),
                        ty,
                        shape,
                        depth: self.depth,
                        nodes: start..self.graph.len() as u32,
                        slots: (declared as u32..self.declared.len() as u32).collect(),
                        span: self.blame(span),
                    };
                    // Before the stages that it is made of.
                    self.stages.insert(place, stage);
                }
                Ok(value)
            }
            What::Builtin(_) | What::Scalar(_) => self.apply(callee, inputs, span),
        }
    }

    /// The first form that takes these inputs and settings. Where none does, the problems are those of the first that has
    /// settings of the names that are given.
    pub fn enter(
        &mut self,
        forms: &[Definition],
        inputs: &[Value],
        given: &[Given],
        path: &str,
        span: Span,
    ) -> Result<(Definition, Entered), Vec<Problem>> {
        let mut first: Option<(Vec<Problem>, bool)> = None;
        for form in forms {
            match self.attempt(|lower| lower.enter_form(form, inputs, given, path, span)) {
                Ok(entered) => return Ok((form.clone(), entered)),
                Err(problems) => {
                    let names = given.iter().filter_map(|it| it.name.as_ref());
                    let config = &form.callable.config;
                    let knows_all = names.clone().all(|name| config.iter().any(|it| it.name.text == name.text));
                    if first.as_ref().is_none_or(|(_, knows)| knows_all && !knows) {
                        first = Some((problems, knows_all));
                    }
                }
            }
        }
        Err(first.expect("a form").0)
    }

    fn enter_form(
        &mut self,
        form: &Definition,
        inputs: &[Value],
        given: &[Given],
        path: &str,
        span: Span,
    ) -> Outcome<Entered> {
        let callable = &form.callable;
        let mut scope = Scope::new(form.module, path);
        let noun = format!("the {} `{}`", callable.kind.noun(), callable.name.text);
        let mut lifted = Vec::new();
        if callable.kind == Kind::Fn {
            // The inputs of a function stand before its other arguments.
            let piped = inputs.iter().map(|value| Given { name: None, value: value.clone(), span });
            let all: Vec<Given> = piped.chain(given.iter().cloned()).collect();
            let bound = self.arrange_arguments(&noun, form, &all)?;
            self.bind_function(form, &noun, bound, span, &mut scope, &mut lifted)?;
            return Ok(Entered { scope, lifted });
        }
        let bound = self.arrange_arguments(&noun, form, given)?;
        for (param, argument) in callable.config.iter().zip(bound) {
            let value = self.configured(param, argument, &noun, span, &mut scope)?;
            scope.bind(param.name.as_str(), value);
        }
        if inputs.len() != callable.inputs.len() {
            let (wanted, found) = (callable.inputs.len(), inputs.len());
            let (at, declared) = (self.blame(span), callable.head);
            return Err(self.report(InputCount { callee: noun, wanted, found, at, declared }));
        }
        let lifts = matches!(callable.kind, Kind::Loss | Kind::Metric);
        let types: Vec<Option<&Type>> = callable.inputs.iter().map(|input| input.ty.as_ref()).collect();
        let inputs: Vec<Value> =
            if lifts { self.lift_inputs(&types, inputs, true, &mut lifted, &noun, span)? } else { inputs.to_vec() };
        let places = if callable.kind == Kind::Model { std::mem::take(&mut self.input_places) } else { vec![] };
        let mut arrivals = Arrivals::at(&noun);
        for (at, (input, value)) in callable.inputs.iter().zip(inputs).enumerate() {
            let place = places.get(at).copied().unwrap_or(span);
            let value = match &input.ty {
                Some(ty) => self.arrive(&mut arrivals, input.name.as_str(), ty, value, place, &mut scope)?,
                None => value,
            };
            scope.bind(input.name.as_str(), value);
        }
        self.settle(arrivals, &mut scope)?;
        if callable.kind == Kind::Model && path.is_empty() {
            self.solve_result(callable.result.as_ref(), &mut scope);
        }
        Ok(Entered { scope, lifted })
    }

    /// Evaluates a definition whose names are bound, and holds the result against its type.
    fn carry_out(&mut self, form: &Definition, entered: Entered, span: Span) -> Outcome<Value> {
        let Entered { mut scope, lifted } = entered;
        let value = self.evaluate_form(form, &mut scope, span)?;
        let Some(value) = value else {
            return Err(self.gives_nothing(form, span));
        };
        let value = self.checked_result(form, value, &mut scope, span)?;
        let value = match form.callable.kind {
            Kind::Model => self.hand_on(value),
            _ => self.leave(value, &scope),
        };
        if lifted.is_empty() {
            return Ok(value);
        }
        let mut tensor = self.tensor_of(value, span)?;
        let meaning = tensor.meaning;
        for lead in lifted.iter().rev() {
            tensor = self.bring_in(&tensor, *lead);
        }
        Ok(Value::Tensor(Tensor { meaning, ..tensor }))
    }

    /// The body's value, with a guard against definitions without an end.
    pub fn evaluate_form(&mut self, form: &Definition, scope: &mut Scope, span: Span) -> Outcome<Option<Value>> {
        let callable = &form.callable;
        let key: Arc<str> = format!("{}:{}:{}", form.module.0, callable.name.text, callable.head.start).into();
        let at = self.blame(span);
        if self.open.len() > MOST_OPEN {
            return Err(self.report(DefinedTooDeep { at }));
        }
        if self.open.contains(&key) {
            return Err(self.report(EndlessDefinition { name: callable.name.text.to_string(), at, parts: true }));
        }
        self.open.push(key);
        self.calls.push(span);
        self.definitions.push(callable.clone());
        self.callees.push(format!("the {} `{}`", callable.kind.noun(), callable.name.text));
        let value = self.body(&callable.body, scope, span);
        self.callees.pop();
        self.definitions.pop();
        self.calls.pop();
        self.open.pop();
        value
    }

    /// Whether a formula may ask for all examples, as `over: batch` and `over: rows` do.
    pub fn may_cross(&mut self, formula: &str, word: &str, span: Span) -> Outcome<()> {
        let at = self.blame(span);
        if word == "rows" || self.columns.is_some() {
            if self.fitting {
                return Ok(());
            }
            return Err(self.report(RowsOutsideFit { formula: formula.to_string(), word: word.to_string(), at }));
        }
        let Some(definition) = self.definitions.last().filter(|it| !it.across_batch) else {
            return self.may_mix(span);
        };
        let callee = format!("the {} `{}`", definition.kind.noun(), definition.name.text);
        let declared = definition.name.span;
        Err(self.report(AcrossBatch { formula: formula.to_string(), callee, at, declared }))
    }

    /// Runs `attempt`; what it reports is given back, not kept.
    pub fn attempt<T>(&mut self, attempt: impl FnOnce(&mut Self) -> Outcome<T>) -> Result<T, Vec<Problem>> {
        let before = std::mem::take(self.problems);
        let result = attempt(self);
        let found = std::mem::replace(self.problems, before);
        match result {
            Ok(value) => {
                self.problems.extend(found);
                Ok(value)
            }
            Err(Reported) => Err(found),
        }
    }

    /// Keeps what an attempt has reported.
    pub fn keep(&mut self, problems: Vec<Problem>) -> Reported {
        for problem in problems {
            self.report(problem);
        }
        Reported
    }

    /// A definition without a formula at its end, where its value is wanted.
    pub fn gives_nothing(&mut self, form: &Definition, span: Span) -> Reported {
        let callee = format!("the {} `{}`", form.callable.kind.noun(), form.callable.name.text);
        let (at, wanted) = (form.callable.head, self.blame(span));
        self.report(GivesNothing { callee, at, wanted })
    }

    /// That a model whose result follows the classes of the data gives another number of scores.
    fn miscounted(&self, form: &Definition, ty: &Type, given: &Tensor, at: Span) -> Option<ClassCount> {
        let (classes, target_at) = self.wanted_scores?;
        let TypeKind::Named { name, dims } = &ty.kind else { return None };
        let are_scores = matches!(name.as_str(), "logits" | "prob" | "log_prob");
        let follows =
            matches!(dims.last(), Some(Dim::Expr(Expr { kind: ExprKind::Name(name), .. })) if is_variable(name));
        let scores = *given.shape.last()?;
        let counts = form.callable.kind == Kind::Model
            && are_scores
            && follows
            && scores != classes
            && dims.len() == given.shape.len();
        let model = form.callable.name.text.to_string();
        counts.then_some(ClassCount { scores, classes, at, target_at, model, calls: None, declared: None })
    }

    /// The element type of a tensor in words.
    pub fn dtype_word(&self, tensor: &Tensor) -> &'static str {
        match self.dtype(tensor) {
            Dtype::F32 => "f32",
            Dtype::I32 => "i32",
            Dtype::Bool => "bool",
        }
    }
}
