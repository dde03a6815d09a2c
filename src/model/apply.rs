//! Application: which form of a callable fits, how its inputs and settings are bound, what it gives.

use std::rc::Rc;
use std::sync::Arc;

use super::eval::Scope;
use super::lower::{Applied, Lower, Outcome, Reported};
use super::modules::Definition;
use super::types::{Mismatch, describe, is_variable};
use super::units::Measure;
use super::value::*;
use crate::problem::Problem;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::scalar::Dtype;
use crate::source::{Span, nearest};
use crate::syntax::tree::{Dim, Expr, ExprKind, Kind, Type, TypeKind};

/// What other tools call the settings of callables, and what they are called here.
const CALLED: [(&str, &str); 12] = [
    ("learning_rate", "lr"),
    ("weight_decay", "decay"),
    ("beta1", "b1"),
    ("beta2", "b2"),
    ("beta_1", "b1"),
    ("beta_2", "b2"),
    ("epsilon", "eps"),
    ("activation", "act"),
    ("use_bias", "bias"),
    ("rate", "p"),
    ("gamma", "factor"),
    ("step_size", "every"),
];

/// A definition about to be evaluated: its names bound, and the axes over which it is carried along.
pub struct Entered {
    pub scope: Scope,
    pub lifted: Vec<Lead>,
}

impl Lower<'_> {
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

    /// The first form that takes these inputs and settings.
    pub fn enter(
        &mut self,
        forms: &[Definition],
        inputs: &[Value],
        given: &[Given],
        path: &str,
        span: Span,
    ) -> Result<(Definition, Entered), Vec<Problem>> {
        let mut first = None;
        for form in forms {
            match self.attempt(|lower| lower.enter_form(form, inputs, given, path, span)) {
                Ok(entered) => return Ok((form.clone(), entered)),
                Err(problems) => first = first.or(Some(problems)),
            }
        }
        Err(first.expect("a form"))
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
            let bound = self.arrange_arguments(&noun, form, &all, span)?;
            self.bind_function(form, &noun, bound, span, &mut scope, &mut lifted)?;
            return Ok(Entered { scope, lifted });
        }
        let bound = self.arrange_arguments(&noun, form, given, span)?;
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
        let inputs: Vec<Value> = if lifts { self.lift_inputs(&types, inputs, &mut lifted) } else { inputs.to_vec() };
        let places = if callable.kind == Kind::Model { std::mem::take(&mut self.input_places) } else { vec![] };
        for (at, (input, value)) in callable.inputs.iter().zip(inputs).enumerate() {
            let place = places.get(at).copied().unwrap_or(span);
            let value = match &input.ty {
                Some(ty) => self.taken(&noun, input.name.as_str(), ty, value, place, &mut scope)?,
                None => value,
            };
            scope.bind(input.name.as_str(), value);
        }
        if callable.kind == Kind::Model && path.is_empty() {
            self.solve_result(callable.result.as_ref(), &mut scope);
        }
        Ok(Entered { scope, lifted })
    }

    /// A free size of the model's result follows the data: `-> logits[K]`.
    fn solve_result(&mut self, result: Option<&Type>, scope: &mut Scope) {
        let Some(Type { kind: TypeKind::Named { dims, .. }, .. }) = result else { return };
        if let (Some(Dim::Expr(last)), Some((size, _))) = (dims.last(), self.wanted_scores)
            && let ExprKind::Name(name) = &last.kind
            && super::types::is_variable(name)
            && scope.get(name).is_none()
            && self.constant_named(scope, name).is_none()
        {
            scope.bind(name, Value::Number(Number::size(size)));
        }
    }

    fn bind_function(
        &mut self,
        form: &Definition,
        noun: &str,
        bound: Vec<Option<Given>>,
        span: Span,
        scope: &mut Scope,
        lifted: &mut Vec<Lead>,
    ) -> Outcome<()> {
        let config = &form.callable.config;
        // Tensors first: settings may speak of their sizes.
        let mut tensors = Vec::new();
        for (at, argument) in bound.iter().enumerate() {
            if let (Some(ty), Some(argument)) = (&config[at].ty, argument)
                && self.takes_tensor(ty, &argument.value)
            {
                tensors.push((at, argument.value.clone()));
            }
        }
        let types: Vec<Option<&Type>> = tensors.iter().map(|&(at, _)| config[at].ty.as_ref()).collect();
        let values: Vec<Value> = tensors.iter().map(|(_, value)| value.clone()).collect();
        let values = self.lift_inputs(&types, &values, lifted);
        let mut typed: Vec<Option<Value>> = vec![None; config.len()];
        for ((at, _), value) in tensors.iter().zip(values) {
            let ty = config[*at].ty.as_ref().expect("a tensor type");
            let place = bound[*at].as_ref().map_or(span, |argument| argument.span);
            let value = self.taken(noun, config[*at].name.as_str(), ty, value, place, scope)?;
            typed[*at] = Some(value);
        }
        for (at, argument) in bound.into_iter().enumerate() {
            let param = &config[at];
            let value = match typed[at].take() {
                Some(value) => value,
                None => self.configured(param, argument, noun, span, scope)?,
            };
            scope.bind(param.name.as_str(), value);
        }
        Ok(())
    }

    /// Takes the axes that a definition does not write, in front, as loops over it.
    fn lift_inputs(&mut self, types: &[Option<&Type>], values: &[Value], lifted: &mut Vec<Lead>) -> Vec<Value> {
        let mut extra: Vec<usize> = Vec::new();
        let mut surplus = Vec::new();
        for (ty, value) in types.iter().zip(values) {
            let rank = ty.and_then(|ty| self.written_rank(ty));
            let shape = match value.clone().settled() {
                Value::Tensor(tensor) => tensor.shape,
                _ => vec![],
            };
            let more = rank.map_or(0, |rank| shape.len().saturating_sub(rank));
            if more > extra.len() {
                extra = shape[..more].to_vec();
            }
            surplus.push((more, shape));
        }
        if extra.is_empty() || !surplus.iter().all(|(more, shape)| extra.ends_with(&shape[..*more])) {
            return values.to_vec();
        }
        let leads: Vec<Lead> = extra.iter().map(|&extent| self.new_lead(extent)).collect();
        let mut results = Vec::new();
        for (value, (more, _)) in values.iter().zip(surplus) {
            results.push(match value.clone().settled() {
                Value::Tensor(mut tensor) => {
                    for lead in &leads[leads.len() - more..] {
                        tensor = self.lift(&tensor, *lead);
                    }
                    Value::Tensor(tensor)
                }
                other => other,
            });
        }
        lifted.extend(leads);
        results
    }

    /// Arguments in the order of the parameters, which are those of the form.
    fn arrange_arguments(
        &mut self,
        noun: &str,
        form: &Definition,
        given: &[Given],
        span: Span,
    ) -> Outcome<Vec<Option<Given>>> {
        let config = &form.callable.config;
        let mut bound: Vec<Option<Given>> = vec![None; config.len()];
        let mut next = 0;
        for argument in given {
            let at = match &argument.name {
                Some(name) => config.iter().position(|param| param.name.text == name.text),
                None => {
                    while next < config.len() && bound[next].is_some() {
                        next += 1;
                    }
                    (next < config.len()).then_some(next)
                }
            };
            let place = self.blame(argument.place());
            match (at, &argument.name) {
                (Some(at), name) => {
                    if let (Some(first), Some(name)) = (&bound[at], name) {
                        let first = self.blame(first.place());
                        return Err(self.report(ArgumentTwice { name: name.text.to_string(), at: place, first }));
                    }
                    bound[at] = Some(argument.clone());
                }
                (None, Some(name)) => {
                    let known: Vec<String> = config.iter().map(|param| param.name.text.to_string()).collect();
                    let called = CALLED.iter().find(|it| it.0 == name.as_str() && known.iter().any(|own| own == it.1));
                    let near = called.map(|it| it.1);
                    let near = near.or_else(|| nearest(name.as_str(), known.iter().map(String::as_str)));
                    let near = near.map(str::to_string);
                    let (callee, name) = (noun.to_string(), name.text.to_string());
                    return Err(self.report(UnknownArgument { callee, name, at: place, near, known }));
                }
                (None, None) => {
                    let declared = (!self.in_library(form.callable.head)).then_some(form.callable.head);
                    let callee = noun.to_string();
                    return Err(self.report(TooManyArguments { callee, takes: config.len(), at: place, declared }));
                }
            }
        }
        let _ = span;
        Ok(bound)
    }

    /// The value of a parameter: as given, or its default.
    fn configured(
        &mut self,
        param: &crate::syntax::tree::ConfigParam,
        argument: Option<Given>,
        noun: &str,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        let (value, place) = match (argument, &param.default) {
            (Some(argument), _) => (argument.value, argument.span),
            (None, Some(default)) => (self.evaluate(default, scope)?, default.span),
            (None, None) => {
                let at = self.blame(span);
                let declared = Some(param.name.span).filter(|&it| !self.in_library(it));
                let (callee, name) = (noun.to_string(), param.name.text.to_string());
                return Err(self.report(ArgumentMissing { callee, name, at, declared }));
            }
        };
        match &param.ty {
            Some(ty) => self.setting(param.name.as_str(), ty, value, place),
            None => Ok(value),
        }
    }

    /// An input as its type wants it.
    pub fn taken(
        &mut self,
        noun: &str,
        input: &str,
        ty: &Type,
        value: Value,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        // `net.output`: all that a model gives.
        let whole = matches!(&ty.kind, TypeKind::Named { name, .. } if name.as_str().ends_with(".output"));
        if let (true, Value::Tuple(_)) = (whole || matches!(ty.kind, TypeKind::Tuple(_)), &value) {
            return Ok(value);
        }
        let tensor = self.tensor_of(value, span)?;
        // An optional input tells the data floor that a column may have holes.
        if let (true, Meaning::Column(at), Some(columns)) = (ty.optional, tensor.meaning, &mut self.columns) {
            columns.allow_missing(at);
        }
        match self.fit(&tensor, ty, scope) {
            Ok(tensor) => Ok(Value::Tensor(tensor)),
            Err(mismatch) => Err(self.mismatch(mismatch, noun, input, ty, &tensor, span)),
        }
    }

    /// Puts a mismatch of an input into words.
    pub fn mismatch(
        &mut self,
        mismatch: Mismatch,
        noun: &str,
        input: &str,
        ty: &Type,
        tensor: &Tensor,
        span: Span,
    ) -> Reported {
        let (at, declared) = (self.blame(span), ty.span);
        let (callee, input) = (noun.to_string(), input.to_string());
        let shape = describe(tensor);
        match mismatch {
            Mismatch::Silent => Reported,
            Mismatch::NoTensor(found) => {
                let wanted = self.type_text(ty);
                self.report(TypeMismatch { callee, input, wanted, found, at, declared, help: None })
            }
            Mismatch::Rank { wanted, found } => {
                self.report(RankMismatch { callee, input, wanted, found, shape, at, declared })
            }
            Mismatch::Extent { axis, wanted, found } => {
                self.report(AxisMismatch { callee, input, axis, wanted, found, shape, at, declared })
            }
            Mismatch::Type { wanted, found } => {
                self.report(TypeMismatch { callee, input, wanted, found, at, declared, help: None })
            }
            Mismatch::Optional => self.report(OptionalAsPresent { callee, input, at, declared }),
        }
    }

    // -------------------------------------------------------------------------------------------- results

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

    /// Evaluates a definition whose names are bound, and holds the result against its type.
    fn carry_out(&mut self, form: &Definition, entered: Entered, span: Span) -> Outcome<Value> {
        let Entered { mut scope, lifted } = entered;
        let value = self.evaluate_form(form, &mut scope, span)?;
        let Some(value) = value else {
            return Err(self.gives_nothing(form, span));
        };
        let value = self.checked_result(form, value, &mut scope, span)?;
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
        if self.open.contains(&key) || self.open.len() > 64 {
            let at = self.blame(span);
            return Err(self.report(EndlessDefinition { name: callable.name.text.to_string(), at, parts: true }));
        }
        self.open.push(key);
        self.calls.push(span);
        let value = self.body(&callable.body, scope, span);
        self.calls.pop();
        self.open.pop();
        value
    }

    pub fn checked_result(&mut self, form: &Definition, value: Value, scope: &mut Scope, span: Span) -> Outcome<Value> {
        let callable = &form.callable;
        let Some(ty) = &callable.result else { return Ok(value) };
        if let TypeKind::Tuple(parts) = &ty.kind {
            let Value::Tuple(items) = value.settled() else {
                let at = self.blame(span);
                let (wanted, found) = ("several values".into(), "one value".into());
                return Err(self.report(WrongKind { wanted, found, at, help: None }));
            };
            let mut checked = Vec::new();
            for (label, item) in items {
                let ty = parts.iter().find(|(name, _)| name.as_ref().map(|name| &name.text) == label.as_ref());
                checked.push(match ty {
                    Some((_, ty)) => (label, self.checked_part(form, ty, item, scope, span)?),
                    None => (label, item),
                });
            }
            return Ok(Value::Tuple(checked));
        }
        self.checked_part(form, ty, value, scope, span)
    }

    fn checked_part(
        &mut self,
        form: &Definition,
        ty: &Type,
        value: Value,
        scope: &mut Scope,
        span: Span,
    ) -> Outcome<Value> {
        if form.callable.kind == Kind::Metric
            && matches!(&ty.kind, TypeKind::Named { name, .. } if matches!(name.as_str(), "score" | "error"))
        {
            return Ok(value);
        }
        let place = self.result_place(form, span);
        let tensor = self.tensor_of(value, place)?;
        match self.result(&tensor, ty, scope) {
            Ok(tensor) => Ok(Value::Tensor(tensor)),
            Err(Mismatch::Silent) => Err(Reported),
            Err(mismatch) => {
                if let Some(problem) = self.miscounted(form, ty, &tensor, place) {
                    return Err(self.report(problem));
                }
                let callee = format!("the {} `{}`", form.callable.kind.noun(), form.callable.name.text);
                let wanted = self.type_text(ty);
                let found = describe(&tensor);
                let at = place;
                let help = match (&mismatch, tensor.meaning) {
                    (Mismatch::Type { .. }, Meaning::Prob) => {
                        Some("leave the softmax or sigmoid away: the loss applies it itself, in a form that keeps all figures".into())
                    }
                    (Mismatch::Type { .. }, Meaning::LogProb) => Some(format!("declare `-> {found}`")),
                    _ => None,
                };
                Err(self.report(ResultMismatch { callee, wanted, found, at, declared: ty.span, help }))
            }
        }
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
        counts.then_some(ClassCount { scores, classes, at, target_at, model, calls: None })
    }

    /// Where a definition says what it gives: its last formula, if it is the user's own.
    fn result_place(&self, form: &Definition, span: Span) -> Span {
        use crate::syntax::tree::{Body, ExprKind, Stmt};
        if self.in_library(form.callable.head) {
            return self.blame(span);
        }
        let last = match &form.callable.body {
            Body::Formula(expr) => Some(expr),
            Body::Block(statements) => statements.iter().rev().find_map(|it| match it {
                Stmt::Expr(expr) => Some(expr),
                _ => None,
            }),
        };
        match last {
            Some(expr) => match &expr.kind {
                ExprKind::Pipe { stages, .. } => stages.last().map_or(expr.span, |stage| stage.span),
                _ => expr.span,
            },
            None => form.callable.head,
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
                let start = self.graph.len() as u32;
                let declared = self.declared.len();
                let place = self.stages.len();
                self.depth += 1;
                let value = self.carry_out(&form, entered, span);
                self.depth -= 1;
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

    // -------------------------------------------------------------------------------------------- settings

    /// A setting of a declared type: its unit and its range are checked, times become updates.
    pub fn setting(&mut self, name: &str, ty: &Type, value: Value, span: Span) -> Outcome<Value> {
        let TypeKind::Named { name: word, .. } = &ty.kind else { return Ok(value) };
        let value = value.settled();
        let at = self.blame(span);
        let setting = name.to_string();
        let declared = Some(ty.span).filter(|&it| !self.in_library(it));
        let wrong = |lower: &mut Self, wanted: &str, value: &Value| {
            let found = match value {
                Value::Word(word) if wanted == "a whole number" && is_variable(word) && lower.near(word).is_none() => {
                    return lower.report(SizeUnsolved { name: word.to_string(), at });
                }
                Value::Word(word) if lower.near(word).is_some() => {
                    return lower.unknown_word("value", &word.clone(), span);
                }
                Value::Word(word) => format!("`{word}`"),
                other => other.noun(),
            };
            let (setting, wanted) = (name.to_string(), wanted.to_string());
            if let Value::Number(Number { measure: Some(_), .. }) = value {
                return lower.report(WrongUnit { setting, wanted, found, at, help: None });
            }
            lower.report(WrongValue { setting, wanted, found, at, declared, help: None })
        };
        match word.as_str() {
            "int" => match &value {
                Value::Number(number) if number.measure.is_none() && number.value.fract() == 0.0 => Ok(value),
                Value::Number(Number { inexact: Some(division), .. }) => {
                    let division = self.blame(*division);
                    Err(self.report(InexactDivision { at: division, used: at }))
                }
                // Pixels are counted.
                Value::Number(number) if number.measure == Some(Measure::Length) => Ok(value),
                _ => Err(wrong(self, "a whole number", &value)),
            },
            "real" => match &value {
                Value::Number(number) if matches!(number.measure, None | Some(Measure::Share | Measure::Factor)) => {
                    if !number.value.is_finite() {
                        let (range, value) = ("a finite number".into(), number.value.to_string());
                        return Err(self.report(OutOfRange { setting, range, value, at, help: None }));
                    }
                    Ok(Value::Number(Number { measure: None, ..*number }))
                }
                Value::Tensor(tensor) if tensor.shape.is_empty() => Ok(value),
                _ => Err(wrong(self, "a number", &value)),
            },
            "prob" => match &value {
                Value::Number(number) if matches!(number.measure, None | Some(Measure::Share)) => {
                    if !(0.0..=1.0).contains(&number.value) {
                        let help = (number.value > 1.0 && number.value <= 100.0)
                            .then(|| format!("{}% is {}", number.value, number.value / 100.0));
                        let (range, value) = ("from 0 to 1 (0% to 100%)".into(), number.value.to_string());
                        return Err(self.report(OutOfRange { setting, range, value, at, help }));
                    }
                    Ok(Value::Number(Number { measure: None, ..*number }))
                }
                _ => Err(wrong(self, "a share, like 10%", &value)),
            },
            "rate" => match &value {
                Value::Number(number) if number.measure.is_none() => {
                    if !(number.value.is_finite() && number.value >= 0.0) {
                        let (range, value) = ("0 or more".into(), number.value.to_string());
                        return Err(self.report(OutOfRange { setting, range, value, at, help: None }));
                    }
                    Ok(value)
                }
                Value::Tensor(_) => Ok(value),
                _ => Err(wrong(self, "a learning rate, like 1e-3", &value)),
            },
            "time" => match &value {
                Value::Number(number) => self.updates(name, *number, span).map(Value::Number),
                _ => Err(wrong(self, "a time of the run, like 1 epoch, 100 steps or 5%", &value)),
            },
            "angle" => self.measured(name, &value, Measure::Angle, span),
            "length" => self.measured(name, &value, Measure::Length, span),
            "bytes" => self.measured(name, &value, Measure::Bytes, span),
            "frequency" => self.measured(name, &value, Measure::Frequency, span),
            "fn" => match &value {
                Value::Callable(callee) if callee.is_function() => Ok(value),
                // A name that a field's formula took for a column.
                Value::Tensor(Tensor { meaning: Meaning::Column(column), .. }) if self.columns.is_some() => {
                    let plan = &self.columns.as_ref().expect("just seen").plans[*column];
                    let (crate::model::program::Select::Column(name) | crate::model::program::Select::Pattern(name)) =
                        &plan.select;
                    let modules = self.modules;
                    let mut known = modules.names_of(super::modules::LIBRARY, Kind::Fn);
                    known.extend(super::builtins::names().map(|it| -> &str { it }));
                    let (near, name) = (nearest(name, known).map(str::to_string), name.clone());
                    Err(self.report(UnknownName { kind: "function".into(), name, at, near }))
                }
                Value::Word(word) => match self.unknown_function(&word.clone(), span) {
                    Some(reported) => Err(reported),
                    None => Err(wrong(self, "a function, like `identity`", &value)),
                },
                _ => Err(wrong(self, "a function, like `identity`", &value)),
            },
            "name" => match &value {
                Value::Word(_) => Ok(value),
                Value::Callable(callee) if callee.given.is_empty() => Ok(Value::Word(callee.name().into())),
                _ => Err(wrong(self, "a word", &value)),
            },
            "bool" => match &value {
                Value::Bool(_) => Ok(value),
                _ => Err(wrong(self, "yes or no", &value)),
            },
            "text" => match &value {
                Value::Text(_) => Ok(value),
                _ => Err(wrong(self, "a text in quotes", &value)),
            },
            "range" => match &value {
                Value::Range(..) => Ok(value),
                _ => Err(wrong(self, "a range, like 0 .. 1", &value)),
            },
            "list" => match &value {
                Value::List(_) => Ok(value),
                _ => Err(wrong(self, "a list", &value)),
            },
            _ => {
                let (kind, name) = ("type".to_string(), word.text.to_string());
                let known = [
                    "int",
                    "real",
                    "prob",
                    "rate",
                    "time",
                    "angle",
                    "length",
                    "bytes",
                    "frequency",
                    "fn",
                    "name",
                    "bool",
                    "text",
                    "range",
                    "list",
                ];
                let near = nearest(&name, known).map(str::to_string);
                Err(self.report(UnknownName { kind, name, at: word.span, near }))
            }
        }
    }

    fn measured(&mut self, name: &str, value: &Value, measure: Measure, span: Span) -> Outcome<Value> {
        let (at, setting, wanted) = (self.blame(span), name.to_string(), measure.example().to_string());
        match value {
            Value::Number(number) if number.measure == Some(measure) => Ok(value.clone()),
            Value::Number(number) if number.measure.is_none() => {
                let help = format!("write {}", measure.example().split("like ").last().expect("an example"));
                Err(self.report(MissingUnit { setting, wanted, at, help }))
            }
            other => {
                let found = other.noun();
                Err(self.report(WrongUnit { setting, wanted, found, at, help: None }))
            }
        }
    }

    /// A time of the run in updates.
    pub fn updates(&mut self, name: &str, number: Number, span: Span) -> Outcome<Number> {
        let (at, setting) = (self.blame(span), name.to_string());
        let wanted = "a time of the run, like 1 epoch, 100 steps or 5%".to_string();
        if number.value < 0.0 || !number.value.is_finite() {
            let (range, value) = ("0 or more".into(), number.value.to_string());
            return Err(self.report(OutOfRange { setting, range, value, at, help: None }));
        }
        let value = match number.measure {
            Some(Measure::Steps) => number.value,
            Some(Measure::Epochs) => number.value * self.setting.epoch as f64,
            Some(Measure::Share) => number.value * self.setting.total as f64,
            // Computed from times already.
            None if number.value == 0.0 || !number.whole => number.value,
            None => {
                let value = number.value;
                let help = format!("write {value} steps, or {value} epochs");
                return Err(self.report(MissingUnit { setting, wanted, at, help }));
            }
            Some(_) => {
                let found = Value::Number(number).noun();
                return Err(self.report(WrongUnit { setting, wanted, found, at, help: None }));
            }
        };
        // No longer a quantity: a number of updates, which may go on to another setting of type `time`.
        Ok(Number { value, measure: None, whole: false, inexact: None })
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
