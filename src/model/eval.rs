//! Expressions: what each form of the language is worth.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::lower::{Lower, Outcome, Reported, Word};
use super::modules::{ModuleId, Named};
use super::types::{self, describe};
use super::value::*;
use crate::problem::names::*;
use crate::problem::shapes::*;
use crate::problem::values::*;
use crate::scalar::{Dtype, Scalar};
use crate::source::{Span, nearest};
use crate::syntax::tree::{
    self, Arg, Binary, Binder, Body, Dim, Expr, ExprKind, ForBody, Name, Pattern, Place, Stmt, Unary,
};
use crate::tensor::{Op, Slot, View};

/// The names that a body sees, beside those of its module.
pub struct Scope {
    pub module: ModuleId,
    vars: Vec<(Arc<str>, Bound)>,
    /// Where the body's parameters live: empty for a model, `blocks[0].a` for a layer within one.
    pub path: String,
    /// Stages of this body that own parameters, for finding twins.
    stages: BTreeMap<Arc<str>, Span>,
    /// In an optimizer: the shape of the parameter, which its states take.
    pub owner: Option<Vec<usize>>,
    /// In the formula of a field: names may be columns.
    pub is_field: bool,
}

#[derive(Clone)]
enum Bound {
    Value(Value),
    /// Declared, and made when it is first read.
    Place {
        place: Arc<Place>,
        trained: bool,
    },
    /// About its value something has been said.
    Unknown,
}

impl Scope {
    pub fn new(module: ModuleId, path: &str) -> Scope {
        let path = path.to_string();
        Scope { module, vars: Vec::new(), path, stages: BTreeMap::new(), owner: None, is_field: false }
    }

    pub fn bind(&mut self, name: &str, value: Value) {
        self.vars.push((name.into(), Bound::Value(value)));
    }

    fn find(&self, name: &str) -> Option<&Bound> {
        self.vars.iter().rev().find(|(it, _)| &**it == name).map(|(_, bound)| bound)
    }

    /// The value of a name, if it has one already.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self.find(name)? {
            Bound::Value(value) => Some(value),
            Bound::Place { .. } | Bound::Unknown => None,
        }
    }

    pub fn mark(&self) -> usize {
        self.vars.len()
    }

    /// Forgets what was bound since `mark`.
    pub fn release(&mut self, mark: usize) {
        self.vars.truncate(mark);
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.vars.iter().map(|(name, _)| &**name)
    }
}

/// `outer.inner`, where there is an outer.
pub fn join(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_string() } else { format!("{outer}.{inner}") }
}

impl Lower<'_> {
    pub fn evaluate(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        match &expr.kind {
            ExprKind::Number(quantity) => Ok(Value::Number(Number::written(quantity))),
            ExprKind::Text(text) => Ok(Value::Text(text.clone())),
            ExprKind::Bool(value) => Ok(Value::Bool(*value)),
            ExprKind::Name(name) => self.name(name, expr.span, scope),
            ExprKind::Call { callee, args } => self.call(callee, args, expr.span, scope),
            ExprKind::Index { base, dims } => self.index(base, dims, expr.span, scope),
            ExprKind::Field { base, name } => self.field(base, name, scope),
            ExprKind::Next(inner) => self.next_value(inner, scope),
            ExprKind::Unary { op, operand } => self.unary(*op, operand, scope),
            ExprKind::Binary { op: Binary::On, op_span, .. } => {
                let at = self.blame(*op_span);
                Err(self.report(NotInThisVersion { what: "`on` inside a formula".into(), at, help: None }))
            }
            ExprKind::Binary { op: op @ (Binary::And | Binary::Or), left, right, .. } => {
                let left_value = self.evaluate(left, scope)?.settled();
                // A constant that decides leaves the other side alone.
                match (op, &left_value) {
                    (Binary::And, Value::Bool(false)) | (Binary::Or, Value::Bool(true)) => return Ok(left_value),
                    (_, Value::Bool(_)) => return self.evaluate(right, scope),
                    _ => {}
                }
                let right_value = self.evaluate(right, scope)?;
                self.binary(*op, left_value, left.span, right_value, right.span, expr.span)
            }
            ExprKind::Binary { op, left, right, .. } => {
                let left_value = self.evaluate(left, scope)?;
                let right_value = self.evaluate(right, scope)?;
                self.binary(*op, left_value, left.span, right_value, right.span, expr.span)
            }
            ExprKind::Pipe { head, stages } => {
                let mut value = self.head(head, scope)?;
                if let Value::Callable(callee) = &value
                    && self.means_column(callee)
                {
                    value = Value::Tensor(self.tensor_of(value, head.span)?);
                }
                for stage in stages {
                    value = self.stage(value, stage, scope)?;
                }
                Ok(value)
            }
            ExprKind::As { .. } => self.head(expr, scope),
            ExprKind::If { condition, then, otherwise } => self.choose(condition, then, otherwise, expr.span, scope),
            ExprKind::For { binders, body } => self.comprehension(binders, body, expr.span, scope),
            ExprKind::List(items) => self.list(items, expr.span, scope),
            ExprKind::Tuple(args) => {
                let mut values = Vec::new();
                for arg in args {
                    let value = self.evaluate(&arg.value, scope)?;
                    values.push((arg.name.as_ref().map(|name| name.text.clone()), value));
                }
                Ok(Value::Tuple(values))
            }
            ExprKind::Table(_) => {
                let at = self.blame(expr.span);
                let (wanted, found) = ("a value".into(), "a table".into());
                Err(self.report(WrongKind { wanted, found, at, help: None }))
            }
            ExprKind::Broken => Err(Reported),
        }
    }

    // -------------------------------------------------------------------------------------------- names

    fn name(&mut self, name: &Arc<str>, span: Span, scope: &mut Scope) -> Outcome<Value> {
        match scope.find(name).cloned() {
            Some(Bound::Value(value)) => return Ok(value),
            Some(Bound::Place { place, trained }) => {
                let tensor = self.place(&place, trained, scope)?;
                return Ok(Value::Tensor(tensor));
            }
            Some(Bound::Unknown) => return Err(Reported),
            None => {}
        }
        if &**name == "training" {
            return Ok(Value::Bool(self.setting.training));
        }
        if scope.is_field
            && let Some(value) = self.field_named(name, span, scope)?
        {
            return Ok(value);
        }
        match self.modules.find(scope.module, name) {
            Some(Named::Callables(forms)) => {
                return Ok(Value::Callable(Rc::new(Callee { what: What::Defined(forms), given: vec![], span })));
            }
            Some(Named::Let(module, value)) => return self.constant_value(module, &value),
            None => {}
        }
        if let Some(what) = super::builtins::find(name) {
            return Ok(Value::Callable(Rc::new(Callee { what, given: vec![], span })));
        }
        if scope.is_field {
            return self.column(name, span).map(Value::Tensor);
        }
        Ok(self.word(name, scope))
    }

    /// The constant that a module declares under `name`, if it does.
    pub fn constant_named(&mut self, scope: &Scope, name: &str) -> Option<Value> {
        match self.modules.find(scope.module, name)? {
            Named::Let(module, value) => self.constant_value(module, &value).ok(),
            Named::Callables(_) => None,
        }
    }

    pub fn constant_value(&mut self, module: ModuleId, value: &tree::Let) -> Outcome<Value> {
        let name = &value.name.text;
        if self.open.contains(name) {
            let (name, at) = (name.to_string(), value.name.span);
            return Err(self.report(EndlessDefinition { name, at, parts: false }));
        }
        self.open.push(name.clone());
        let result = self.evaluate(&value.value, &mut Scope::new(module, ""));
        self.open.pop();
        let result = result?;
        match &value.ty {
            Some(ty) => self.setting(&value.name.text, ty, result, value.value.span),
            None => Ok(result),
        }
    }

    /// Says that nothing has this name, with the nearest that has: among the names in scope, and what can be called.
    pub fn unknown_name(&mut self, kind: &str, name: &str, span: Span, scope: &Scope) -> Reported {
        let modules = self.modules;
        if modules.is_broken(scope.module, name) {
            return Reported;
        }
        let near = self.callable_near(name, scope);
        let at = self.blame(span);
        self.report(UnknownName { kind: kind.into(), name: name.into(), at, near })
    }

    /// What can be called or is in scope, and has nearly this name.
    fn callable_near(&self, name: &str, scope: &Scope) -> Option<String> {
        let modules = self.modules;
        let mut known: Vec<&str> = scope.names().filter(|it| is_word(it)).collect();
        for kind in [tree::Kind::Layer, tree::Kind::Model, tree::Kind::Fn] {
            known.extend(modules.names_of(scope.module, kind));
        }
        for name in super::builtins::names() {
            known.push(name);
        }
        let known = known.into_iter();
        nearest(name, known.filter(|it| *it != name)).map(str::to_string)
    }

    /// As `unknown_name`, of a word that was met where a value is wanted.
    pub fn unknown_word(&mut self, kind: &str, word: &str, span: Span) -> Reported {
        if self.words.get(word).is_some_and(|it| it.is_broken) {
            return Reported;
        }
        let callable = || self.words.get(word).and_then(|it| it.callable.clone());
        let (at, near) = (self.blame(span), self.near(word).or_else(callable));
        self.report(UnknownName { kind: kind.into(), name: word.into(), at, near })
    }

    /// The value in scope whose name was nearest to a word when it was met.
    pub fn near(&self, word: &str) -> Option<String> {
        self.words.get(word).and_then(|it| it.value.clone())
    }

    /// Says that a word stands where a function is wanted.
    pub fn unknown_function(&mut self, word: &str, span: Span) -> Option<Reported> {
        let found = self.words.get(word)?;
        if found.is_broken {
            return Some(Reported);
        }
        let near = Some(found.callable.clone()?);
        let at = self.blame(span);
        Some(self.report(UnknownName { kind: "function".into(), name: word.into(), at, near }))
    }

    /// Takes a name that nothing declares for a word that stands for itself, and remembers what it could have meant.
    fn word(&mut self, name: &Arc<str>, scope: &Scope) -> Value {
        let modules = self.modules;
        let lets = [scope.module, super::modules::LIBRARY].into_iter().flat_map(|id| modules.lets(id));
        let known = lets.map(|it| it.name.as_str()).chain(scope.names().filter(|it| is_word(it)));
        let value = nearest(name, known).map(str::to_string);
        let (callable, is_broken) = (self.callable_near(name, scope), modules.is_broken(scope.module, name));
        self.words.insert(name.clone(), Word { value, callable, is_broken });
        Value::Word(name.clone())
    }

    /// The parameter or state that a statement declares.
    fn place(&mut self, place: &Place, trained: bool, scope: &mut Scope) -> Outcome<Tensor> {
        let path = match scope.owner {
            // A state of the optimizer, for one parameter.
            Some(_) => format!("{} of {}", place.name.text, scope.path),
            None => join(&scope.path, &place.name.text),
        };
        if let Some(&slot) = self.slots.get(&path) {
            let names = place.ty.as_ref().map(axis_names).unwrap_or_default();
            let tensor = self.state(slot);
            let names = if names.len() == tensor.shape.len() { names } else { tensor.names.clone() };
            return Ok(Tensor { names, ..tensor });
        }
        if self.dead.contains(&path) {
            let shape = scope.owner.clone().expect("a state of the optimizer");
            let id = self.graph.constant(0.0, &shape);
            return Ok(self.whole(id));
        }
        assert!(self.discovering, "`{path}` was not met before");
        let shape = match (&place.ty, &scope.owner) {
            (Some(ty), _) => self.shape_of(ty, scope)?,
            (None, Some(shape)) => shape.clone(),
            (None, None) => vec![],
        };
        if shape.iter().map(|&extent| extent as f64).product::<f64>() > 2147483647.0 {
            let at = self.blame(place.span);
            let value = types::dims(&shape);
            return Err(self.report(SizeOutOfRange { value, at }));
        }
        let initial = self.initial_value(place, &path, &shape, scope)?;
        let slot = self.declared.len() as u32;
        let span = self.blame(place.span);
        self.declared.push(super::lower::Declared { path: path.clone(), trained, shape, initial, span });
        self.slots.insert(path, slot);
        self.place(place, trained, scope)
    }

    /// What a parameter starts as, as a node of the graph of initial values.
    fn initial_value(
        &mut self,
        place: &Place,
        path: &str,
        shape: &[usize],
        scope: &mut Scope,
    ) -> Outcome<crate::tensor::Id> {
        std::mem::swap(&mut self.graph, &mut self.initial);
        let hint = self.hint.replace(shape.to_vec());
        let outer = std::mem::replace(&mut self.path, path.to_string());
        let value = match &place.init {
            Some(init) => self.evaluate(init, scope).and_then(|value| self.started(value, init.span, shape)),
            None => Ok(self.constant(0.0, Dtype::F32)),
        };
        let value = value.and_then(|tensor| {
            if !shape.ends_with(&tensor.shape) {
                let at = self.blame(place.span);
                let (wanted, found) = (format!("f32{}", types::dims(shape)), describe(&tensor));
                let callee = format!("`{}`", place.name.text);
                let declared = self.blame(place.span);
                return Err(self.report(ResultMismatch { callee, wanted, found, at, declared, help: None }));
            }
            Ok(self.spread(&tensor, &[], shape))
        });
        self.path = outer;
        self.hint = hint;
        std::mem::swap(&mut self.graph, &mut self.initial);
        value
    }

    /// A value that a parameter starts as: a number, a tensor, or a function of the parameter's shape.
    fn started(&mut self, value: Value, span: Span, shape: &[usize]) -> Outcome<Tensor> {
        match value.settled() {
            Value::Number(number) => Ok(self.constant(number.value, Dtype::F32)),
            Value::Tensor(tensor) if self.dtype(&tensor) == Dtype::F32 => Ok(tensor),
            Value::Callable(callee) => {
                let (last, before) = shape.split_last().map_or((1, 1), |(&l, b)| (l, b.iter().product::<usize>()));
                let receptive: usize = shape[..shape.len().saturating_sub(2)].iter().product();
                let facts = [("fan_in", before), ("fan_out", last * receptive)];
                let mut callee = (*callee).clone();
                if let What::Defined(forms) = &callee.what {
                    let wants = |name: &str| forms[0].callable.config.iter().any(|it| it.name.as_str() == name);
                    for (name, size) in facts {
                        if wants(name) && !callee.given.iter().any(|it| it.is_named(name)) {
                            let value = Value::Number(Number::size(size));
                            callee.given.push(Given { name: Some(Name::new(name, span)), value, span });
                        }
                    }
                }
                let value = self.apply(&Rc::new(callee), vec![], span)?;
                match value {
                    Value::Callable(_) => Err(self.not_a("a start for a parameter", &value, span)),
                    value => self.started(value, span, shape),
                }
            }
            other => Err(self.not_a("a start for a parameter", &other, span)),
        }
    }

    /// `x'`: the next value of a state or a parameter.
    fn next_value(&mut self, inner: &Expr, scope: &mut Scope) -> Outcome<Value> {
        let ExprKind::Name(name) = &inner.kind else {
            let found = self.evaluate(inner, scope)?;
            return Err(self.not_a("a name before `'`", &found, inner.span));
        };
        let next = format!("{name}'");
        match scope.find(&next) {
            Some(Bound::Value(value)) => Ok(value.clone()),
            Some(Bound::Place { .. } | Bound::Unknown) => Err(Reported),
            None => Err(self.unknown_name("next value", &next, inner.span, scope)),
        }
    }

    /// Says that a value is of the wrong kind.
    pub fn not_a(&mut self, wanted: &str, found: &Value, span: Span) -> Reported {
        let at = self.blame(span);
        if let Value::Word(word) = found {
            return self.unknown_word("value", &word.clone(), at);
        }
        let help = match found {
            Value::Callable(callee) => match &callee.what {
                What::Defined(forms) if forms[0].callable.kind == tree::Kind::Layer => {
                    Some(format!("apply it to something: `x |> {}`", callee.name()))
                }
                _ => None,
            },
            _ => None,
        };
        self.report(WrongKind { wanted: wanted.into(), found: found.noun(), at, help })
    }

    // -------------------------------------------------------------------------------------------- operands

    /// A number known before the run.
    pub fn number(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Number> {
        match self.evaluate(expr, scope)?.settled() {
            Value::Number(number) => Ok(number),
            Value::Word(word) => Err(self.unknown_word("value", &word, expr.span)),
            other => Err(self.not_a("a number known before the run", &other, expr.span)),
        }
    }

    /// A tensor, made of a number where needed.
    pub fn tensor_of(&mut self, value: Value, span: Span) -> Outcome<Tensor> {
        match value.settled() {
            Value::Tensor(tensor) => Ok(tensor),
            Value::Number(number) => Ok(self.constant(number.value, Dtype::F32)),
            Value::Bool(value) => Ok(self.constant(f64::from(u8::from(value)), Dtype::Bool)),
            Value::Callable(callee) if self.means_column(&callee) => self.column(callee.name(), callee.span),
            other => Err(self.not_a("a tensor", &other, span)),
        }
    }

    /// Several tensors for one operation: numbers take the type of the tensors beside them.
    pub fn together(&mut self, values: Vec<(Value, Span)>) -> Outcome<Vec<Tensor>> {
        let values: Vec<(Value, Span)> = values.into_iter().map(|(value, span)| (value.settled(), span)).collect();
        let dtype = values.iter().find_map(|(value, _)| match value {
            Value::Tensor(tensor) if self.dtype(tensor) != Dtype::Bool => Some(self.dtype(tensor)),
            _ => None,
        });
        let mut tensors = Vec::new();
        for (value, span) in values {
            tensors.push(match value {
                Value::Number(number) => {
                    let dtype = dtype.unwrap_or(Dtype::F32);
                    if dtype == Dtype::I32 && (number.value.fract() != 0.0 || number.value.abs() > 2147483647.0) {
                        let at = self.blame(span);
                        let (left, right) = ("i32".into(), number.value.to_string());
                        return Err(self.report(NumberTypes { operation: "the operation".into(), left, right, at }));
                    }
                    self.constant(number.value, dtype)
                }
                value => self.tensor_of(value, span)?,
            });
        }
        Ok(tensors)
    }

    /// `scalar` on values, with a problem where they do not meet.
    pub fn elementwise(
        &mut self,
        scalar: Scalar,
        sign: &str,
        values: Vec<(Value, Span)>,
        span: Span,
    ) -> Outcome<Value> {
        let spans: Vec<Span> = values.iter().map(|&(_, span)| span).collect();
        let tensors = self.together(values)?;
        let operands: Vec<&Tensor> = tensors.iter().collect();
        if let Some(at) = tensors.iter().position(|tensor| tensor.optional) {
            let at = self.blame(spans[at]);
            let (callee, input, declared) = (format!("`{sign}`"), "the operand".to_string(), self.blame(span));
            // Asking whether a value is there is what an optional value is for.
            if scalar != Scalar::Equal {
                return Err(self.report(OptionalAsPresent { callee, input, at, declared }));
            }
        }
        if let Some(result) = self.map(scalar, &operands) {
            return Ok(Value::Tensor(result));
        }
        let at = self.blame(span);
        let dtypes: Vec<Dtype> = tensors.iter().map(|tensor| self.dtype(tensor)).collect();
        let word = |dtype: Dtype| match dtype {
            Dtype::F32 => "f32",
            Dtype::I32 => "i32",
            Dtype::Bool => "bool",
        };
        let (left, right) = (&tensors[tensors.len().saturating_sub(2)], &tensors[tensors.len() - 1]);
        if scalar.dtype(&dtypes).is_none() {
            let (left, right) = (word(dtypes[dtypes.len().saturating_sub(2)]), word(dtypes[dtypes.len() - 1]));
            let (left, right) = (left.to_string(), right.to_string());
            return Err(self.report(NumberTypes { operation: sign.into(), left, right, at }));
        }
        let help = match (&left.shape[..], &right.shape[..]) {
            (a, b) if a.len() > b.len() || (a.len() == b.len() && b.contains(&1)) => Some(
                "axes of size 1 are never stretched: a shape must end with the other, or write `expand(x, axis, size)`"
                    .into(),
            ),
            _ => None,
        };
        let (left, right) = (describe(left), describe(right));
        Err(self.report(ShapeMismatch { operation: sign.into(), left, right, at, help }))
    }

    // -------------------------------------------------------------------------------------------- operators

    fn unary(&mut self, op: Unary, operand: &Expr, scope: &mut Scope) -> Outcome<Value> {
        let value = self.evaluate(operand, scope)?.settled();
        match (op, value) {
            (Unary::Neg, Value::Number(number)) => Ok(Value::Number(Number { value: -number.value, ..number })),
            (Unary::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
            (Unary::Neg, value) => self.elementwise(Scalar::Neg, "-", vec![(value, operand.span)], operand.span),
            (Unary::Not, value) => self.elementwise(Scalar::Not, "not", vec![(value, operand.span)], operand.span),
        }
    }

    fn binary(
        &mut self,
        op: Binary,
        left: Value,
        left_span: Span,
        right: Value,
        right_span: Span,
        span: Span,
    ) -> Outcome<Value> {
        let (left, right) = (left.settled(), right.settled());
        match (op, &left, &right) {
            (Binary::Range, Value::Number(a), Value::Number(b)) => {
                let (a, b) = self.same_measure(op, *a, *b, span)?;
                return Ok(Value::Range(a, b));
            }
            (_, Value::Number(a), Value::Number(b)) => return self.arithmetic(op, *a, *b, span),
            (Binary::Eq | Binary::Ne, ..) => {
                let word = |value: &Value| match value {
                    Value::Word(word) | Value::Text(word) => Some(word.to_string()),
                    Value::Callable(callee) => Some(callee.name().to_string()),
                    Value::Bool(value) => Some(value.to_string()),
                    _ => None,
                };
                if let (Some(a), Some(b)) = (word(&left), word(&right)) {
                    return Ok(Value::Bool((a == b) == (op == Binary::Eq)));
                }
            }
            (Binary::MatMul, ..) => return self.product(left, left_span, right, right_span, span),
            _ => {}
        }
        let operands = vec![(left, left_span), (right, right_span)];
        let swapped = |operands: Vec<(Value, Span)>| operands.into_iter().rev().collect::<Vec<_>>();
        let sign = op.symbol();
        match op {
            Binary::Add => self.elementwise(Scalar::Add, sign, operands, span),
            Binary::Sub => self.elementwise(Scalar::Sub, sign, operands, span),
            Binary::Mul => self.elementwise(Scalar::Mul, sign, operands, span),
            Binary::Div => self.elementwise(Scalar::Div, sign, operands, span),
            Binary::Pow => self.elementwise(Scalar::Pow, sign, operands, span),
            Binary::Lt => self.elementwise(Scalar::Less, sign, operands, span),
            Binary::Le => self.elementwise(Scalar::LessEqual, sign, operands, span),
            Binary::Gt => self.elementwise(Scalar::Less, sign, swapped(operands), span),
            Binary::Ge => self.elementwise(Scalar::LessEqual, sign, swapped(operands), span),
            Binary::Eq => self.elementwise(Scalar::Equal, sign, operands, span),
            Binary::Ne => {
                let equal = self.elementwise(Scalar::Equal, sign, operands, span)?;
                self.elementwise(Scalar::Not, sign, vec![(equal, span)], span)
            }
            Binary::And => self.elementwise(Scalar::And, sign, operands, span),
            Binary::Or => self.elementwise(Scalar::Or, sign, operands, span),
            Binary::Range => {
                let wrong = if matches!(operands[0].0, Value::Number(_)) { 1 } else { 0 };
                Err(self.not_a("a number known before the run", &operands[wrong].0, operands[wrong].1))
            }
            Binary::MatMul | Binary::On => unreachable!("handled above"),
        }
    }

    /// Both numbers with one measure, if they can have one: a bare number has none of its own.
    fn same_measure(&mut self, op: Binary, a: Number, b: Number, span: Span) -> Outcome<(Number, Number)> {
        if a.measure == b.measure || a.value == 0.0 && a.measure.is_none() || b.value == 0.0 && b.measure.is_none() {
            let measure = a.measure.or(b.measure);
            return Ok((Number { measure, ..a }, Number { measure, ..b }));
        }
        let at = self.blame(span);
        let (left, right) = (Value::Number(a).noun(), Value::Number(b).noun());
        Err(self.report(MixedUnits { operation: op.symbol().into(), left, right, at }))
    }

    fn arithmetic(&mut self, op: Binary, a: Number, b: Number, span: Span) -> Outcome<Value> {
        let inexact = a.inexact.or(b.inexact);
        let plain = |value: f64, whole: bool| Number { value, measure: None, whole, inexact };
        let whole = a.whole && b.whole;
        let number = match op {
            Binary::Mul => {
                if a.measure.is_some() && b.measure.is_some() {
                    return self.same_measure(op, a, Number { measure: None, ..b }, span).map(|it| Value::Number(it.0));
                }
                Number { measure: a.measure.or(b.measure), ..plain(a.value * b.value, whole) }
            }
            Binary::Div => {
                let measure = if a.measure == b.measure { None } else { a.measure };
                let value = a.value / b.value;
                let rest = whole && value.fract() != 0.0;
                Number { measure, inexact: if rest { Some(span) } else { inexact }, ..plain(value, whole && !rest) }
            }
            Binary::Pow => plain(a.value.powf(b.value), whole && b.value >= 0.0),
            _ => {
                let (a, b) = self.same_measure(op, a, b, span)?;
                let truth = match op {
                    Binary::Add => {
                        return Ok(Value::Number(Number { measure: a.measure, ..plain(a.value + b.value, whole) }));
                    }
                    Binary::Sub => {
                        return Ok(Value::Number(Number { measure: a.measure, ..plain(a.value - b.value, whole) }));
                    }
                    Binary::Eq => a.value == b.value,
                    Binary::Ne => a.value != b.value,
                    Binary::Lt => a.value < b.value,
                    Binary::Le => a.value <= b.value,
                    Binary::Gt => a.value > b.value,
                    Binary::Ge => a.value >= b.value,
                    _ => {
                        let at = self.blame(span);
                        let (wanted, found) = ("a tensor or a condition".into(), "a number".into());
                        return Err(self.report(WrongKind { wanted, found, at, help: None }));
                    }
                };
                return Ok(Value::Bool(truth));
            }
        };
        Ok(Value::Number(number))
    }

    /// `a @ b`: the last axis of `a` against the first of `b`, or against the last but one where both have leading axes.
    fn product(&mut self, left: Value, left_span: Span, right: Value, right_span: Span, span: Span) -> Outcome<Value> {
        let a = self.tensor_of(left, left_span)?;
        let b = self.tensor_of(right, right_span)?;
        let at = self.blame(span);
        if a.shape.is_empty() || b.shape.is_empty() {
            let (left, right) = (describe(&a), describe(&b));
            let help = Some("a product needs axes on both sides; for numbers write `*`".into());
            return Err(self.report(ShapeMismatch { operation: "@".into(), left, right, at, help }));
        }
        if self.dtype(&a) != Dtype::F32 || self.dtype(&b) != Dtype::F32 {
            let (left, right) = (describe(&a), describe(&b));
            return Err(self.report(NumberTypes { operation: "@".into(), left, right, at }));
        }
        let inner = a.shape.len() - 1;
        // With two axes or fewer `b` is one matrix for all of `a`.
        let shared = if b.shape.len() > 2 { b.shape.len() - 2 } else { 0 };
        let (wanted, found) = (a.shape[inner], b.shape[shared]);
        if wanted != found {
            let (left_at, right_at) = (self.blame(left_span), self.blame(right_span));
            let (left_shape, right_shape) = (describe(&a), describe(&b));
            let (left, right) = (wanted, found);
            return Err(self.report(InnerSizeMismatch { left, right, left_shape, right_shape, at, left_at, right_at }));
        }
        if shared > 0 && a.shape[..shared.min(inner)] != b.shape[..shared] {
            let (left, right) = (describe(&a), describe(&b));
            return Err(self.report(ShapeMismatch { operation: "@".into(), left, right, at, help: None }));
        }
        let la: Vec<u8> = (0..a.shape.len() as u8).map(|axis| b'a' + axis).collect();
        let mut lb: Vec<u8> = (0..b.shape.len() as u8).map(|axis| b'n' + axis).collect();
        lb[..shared].copy_from_slice(&la[..shared]);
        lb[shared] = la[inner];
        let out: Vec<u8> = la[..inner].iter().chain(&lb[shared + 1..]).copied().collect();
        Ok(Value::Tensor(self.contract(&a, &la, &b, &lb, &out)))
    }

    fn choose(
        &mut self,
        condition: &Expr,
        then: &Expr,
        otherwise: &Expr,
        span: Span,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        match self.evaluate(condition, scope)?.settled() {
            Value::Bool(true) => self.evaluate(then, scope),
            Value::Bool(false) => self.evaluate(otherwise, scope),
            Value::Tensor(tensor) if self.dtype(&tensor) == Dtype::Bool => {
                let (a, b) = (self.evaluate(then, scope)?, self.evaluate(otherwise, scope)?);
                self.select(Value::Tensor(tensor), condition.span, a, then.span, b, otherwise.span, span)
            }
            other => Err(self.not_a("a condition", &other, condition.span)),
        }
    }

    /// `where(c, a, b)`
    #[allow(clippy::too_many_arguments, reason = "three operands and their places")]
    pub fn select(&mut self, c: Value, cs: Span, a: Value, sa: Span, b: Value, sb: Span, span: Span) -> Outcome<Value> {
        let optional = |value: &Value| matches!(value, Value::Tensor(tensor) if tensor.optional);
        // Where a value may be missing, the condition is what guards it.
        let bare = |value: Value| match value.settled() {
            Value::Tensor(tensor) => Value::Tensor(tensor.plain()),
            other => other,
        };
        let _ = optional;
        let (a, b) = (bare(a), bare(b));
        let numbers = self.together(vec![(a, sa), (b, sb)])?;
        let condition = self.tensor_of(c, cs)?;
        let [a, b] = [Value::Tensor(numbers[0].clone()), Value::Tensor(numbers[1].clone())];
        self.elementwise(Scalar::Select, "where", vec![(Value::Tensor(condition), cs), (a, sa), (b, sb)], span)
    }

    // -------------------------------------------------------------------------------------------- structure

    fn list(&mut self, items: &[Expr], span: Span, scope: &mut Scope) -> Outcome<Value> {
        let mut values = Vec::new();
        for item in items {
            values.push((self.evaluate(item, scope)?.settled(), item.span));
        }
        if !values.iter().any(|(value, _)| matches!(value, Value::Tensor(_))) {
            return Ok(Value::List(values.into_iter().map(|(value, _)| value).collect()));
        }
        // Tensors side by side: single numbers are stacked, rows are joined.
        let mut parts = Vec::new();
        for tensor in self.together(values)? {
            parts.push(if tensor.shape.is_empty() { self.reshape(&tensor, &[1]) } else { tensor });
        }
        self.join_parts(parts, 0, span).map(Value::Tensor)
    }

    /// Tensors one behind the other along `axis`.
    pub fn join_parts(&mut self, parts: Vec<Tensor>, axis: usize, span: Span) -> Outcome<Tensor> {
        let at = self.blame(span);
        for part in &parts[1..] {
            let first = &parts[0];
            let fits = part.shape.len() == first.shape.len()
                && (0..part.shape.len()).all(|k| k == axis || part.shape[k] == first.shape[k]);
            if !fits {
                let (left, right) = (describe(first), describe(part));
                let help = Some("all sizes but one must be the same; `axis:` says which".into());
                return Err(self.report(ShapeMismatch { operation: "concat".into(), left, right, at, help }));
            }
            if self.dtype(part) != self.dtype(first) {
                let (left, right) = (describe(first), describe(part));
                return Err(self.report(NumberTypes { operation: "concat".into(), left, right, at }));
            }
        }
        Ok(self.concat(&parts, axis))
    }

    fn index(&mut self, base: &Expr, dims: &[Dim], span: Span, scope: &mut Scope) -> Outcome<Value> {
        let value = self.evaluate(base, scope)?.settled();
        let mut at = Vec::new();
        for dim in dims {
            match dim {
                Dim::Expr(expr) => at.push((self.evaluate(expr, scope)?.settled(), expr.span)),
                Dim::Rest(span) | Dim::Named { name: Name { span, .. }, .. } => {
                    let (wanted, found, at) = ("an index".into(), "part of a type".into(), self.blame(*span));
                    return Err(self.report(WrongKind { wanted, found, at, help: None }));
                }
            }
        }
        match value {
            Value::List(items) => match at[..] {
                [(Value::Number(number), at)] => match items.get(number.value as usize) {
                    Some(item) if number.value >= 0.0 && number.value.fract() == 0.0 => Ok(item.clone()),
                    _ => {
                        let (index, extent, at) = (number.value.to_string(), items.len().max(1), self.blame(at));
                        Err(self.report(IndexOutOfRange { index, extent, at }))
                    }
                },
                _ => Err(self.not_a("a list's one index", &Value::List(items), span)),
            },
            Value::Word(word) => Err(self.unknown_word("value", &word, base.span)),
            value => {
                let mut rest = self.tensor_of(value, base.span)?;
                let mut kept = 0;
                if at.len() > rest.shape.len() {
                    let (shape, at) = (describe(&rest), self.blame(span));
                    return Err(self.report(TooManyIndices { shape, at }));
                }
                for (index, place) in at {
                    match index {
                        Value::Range(low, high) => {
                            let (extent, names) = (rest.shape[0], rest.names.clone());
                            let (low, high) = (low.value, high.value);
                            if !(0.0 <= low && low < high && high <= extent as f64 && low.fract() + high.fract() == 0.0)
                            {
                                let (index, at) = (format!("{low} .. {high}"), self.blame(place));
                                return Err(self.report(IndexOutOfRange { index, extent, at }));
                            }
                            let (start, len) = (low as usize, (high - low) as usize);
                            let sliced = self.view(&rest, |axis| View::Slice { axis, start, step: 1, len }, 0);
                            let sliced = Tensor { names, ..sliced };
                            // Axes that stay wait at the end for the others to go.
                            let order: Vec<usize> = (1..sliced.shape.len()).chain([0]).collect();
                            rest = self.permute(&sliced, &order);
                            kept += 1;
                        }
                        index => {
                            let index = self.index_tensor(index, rest.shape[0], place)?;
                            rest = self.pick(&rest, &[index]);
                        }
                    }
                }
                if kept > 0 {
                    let rank = rest.shape.len();
                    let order: Vec<usize> = (rank - kept..rank).chain(0..rank - kept).collect();
                    rest = self.permute(&rest, &order);
                }
                Ok(Value::Tensor(rest))
            }
        }
    }

    fn index_tensor(&mut self, index: Value, extent: usize, span: Span) -> Outcome<Tensor> {
        match index {
            Value::Number(number) => {
                let at = self.blame(span);
                if number.value.fract() != 0.0 || number.value < 0.0 || number.value >= extent as f64 {
                    return Err(self.report(IndexOutOfRange { index: number.value.to_string(), extent, at }));
                }
                Ok(self.constant(number.value, Dtype::I32))
            }
            other => {
                let tensor = self.tensor_of(other, span)?;
                if self.dtype(&tensor) == Dtype::I32 {
                    return Ok(tensor);
                }
                let at = self.blame(span);
                let (wanted, found) = ("an index (i32)".into(), describe(&tensor));
                Err(self.report(WrongKind { wanted, found, at, help: None }))
            }
        }
    }

    fn field(&mut self, base: &Expr, name: &Name, scope: &mut Scope) -> Outcome<Value> {
        let value = self.evaluate(base, scope)?;
        let found = match &value {
            Value::Stage(stage) => {
                let path = join(&stage.path, name.as_str());
                let slot = self.slots.get(&path).copied();
                slot.map(|slot| Value::Tensor(self.state(slot)))
            }
            Value::Tuple(items) => {
                items.iter().find(|(label, _)| label.as_deref() == Some(name.as_str())).map(|(_, it)| it.clone())
            }
            Value::Range(low, high) => match name.as_str() {
                "low" => Some(Value::Number(*low)),
                "high" => Some(Value::Number(*high)),
                _ => None,
            },
            _ => None,
        };
        match (found, value) {
            (Some(value), _) => Ok(value),
            (None, Value::Stage(stage)) if matches!(stage.value, Value::Tuple(_)) => {
                let inner = Expr { kind: ExprKind::Name("it".into()), span: base.span };
                let mark = scope.mark();
                scope.bind("it", stage.value.clone());
                let result = self.field(&inner, name, scope);
                scope.release(mark);
                result
            }
            (None, Value::Word(word)) => Err(self.unknown_word("value", &word, base.span)),
            (None, value) => {
                let kind = format!("part of {}", value.noun());
                let near = None;
                let at = self.blame(name.span);
                Err(self.report(UnknownName { kind, name: name.text.to_string(), at, near }))
            }
        }
    }

    // -------------------------------------------------------------------------------------------- for

    fn comprehension(&mut self, binders: &[Binder], body: &ForBody, span: Span, scope: &mut Scope) -> Outcome<Value> {
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

    // -------------------------------------------------------------------------------------------- bodies

    /// The value of a body: of its last formula, if it ends in one.
    pub fn body(&mut self, body: &Body, scope: &mut Scope, span: Span) -> Outcome<Option<Value>> {
        match body {
            Body::Formula(expr) => self.evaluate(expr, scope).map(Some),
            Body::Block(statements) => self.statements(statements, scope, span),
        }
    }

    fn statements(&mut self, statements: &[Stmt], scope: &mut Scope, span: Span) -> Outcome<Option<Value>> {
        let (mut last, mut sound) = (None, true);
        for statement in statements {
            last = None;
            let done = match statement {
                Stmt::Expr(expr) => self.evaluate(expr, scope).map(|value| last = Some(value)),
                other => self.statement(other, scope, span),
            };
            // The others may have mistakes of their own; about what depends on this one they stay silent.
            if done.is_err() {
                sound = false;
                names_of(statement, &mut |name| scope.vars.push((name.text.clone(), Bound::Unknown)));
                if let Stmt::Broken(_) = statement {
                    return Err(Reported);
                }
            }
        }
        if sound { Ok(last) } else { Err(Reported) }
    }

    fn statement(&mut self, statement: &Stmt, scope: &mut Scope, span: Span) -> Outcome<()> {
        match statement {
            Stmt::Param(place) | Stmt::State(place) => {
                let trained = matches!(statement, Stmt::Param(_));
                if let Some(Bound::Place { place: first, .. }) = scope.find(&place.name.text) {
                    let (name, at, first) = (place.name.text.to_string(), place.name.span, first.name.span);
                    return Err(self.report(NameTwice { name, at, first }));
                }
                let place = Arc::new(place.clone());
                scope.vars.push((place.name.text.clone(), Bound::Place { place, trained }));
                Ok(())
            }
            Stmt::Fit { name, value, .. } => {
                let value = self.fitted(value, scope)?;
                scope.bind(name.as_str(), Value::Tensor(value));
                Ok(())
            }
            Stmt::Require { condition, message, span: at } => match self.evaluate(condition, scope)?.settled() {
                Value::Bool(true) => Ok(()),
                Value::Bool(false) => {
                    let message = message.as_ref().map(|text| text.value.to_string()).unwrap_or_default();
                    let place = self.calls.last().copied().unwrap_or(span);
                    let (callee, declared) = ("the definition".to_string(), *at);
                    let at = self.blame(place);
                    Err(self.report(RequirementUnmet { callee, message, at, declared }))
                }
                other => Err(self.not_a("a condition known before the run", &other, condition.span)),
            },
            Stmt::Bind { pattern, value, .. } => self.bind(pattern, value, scope),
            Stmt::Expr(_) => unreachable!("a formula is the body's own"),
            Stmt::Broken(_) => Err(Reported),
        }
    }

    fn bind(&mut self, pattern: &Pattern, value: &Expr, scope: &mut Scope) -> Outcome<()> {
        let result = self.evaluate(value, scope)?;
        match pattern {
            Pattern::One(target) if target.next => self.bind_next(&target.name, result, value.span, scope),
            Pattern::One(target) => {
                if !self.in_library(target.name.span) {
                    self.note(&join(&scope.path, target.name.as_str()), &result);
                }
                scope.bind(target.name.as_str(), result);
                Ok(())
            }
            Pattern::Tuple(targets) => {
                let items = match result.settled() {
                    Value::Tuple(items) => items.into_iter().map(|(_, item)| item).collect(),
                    Value::List(items) => items,
                    other => return Err(self.not_a("several values", &other, value.span)),
                };
                if items.len() != targets.len() {
                    let (wanted, found) = (targets.len(), items.len());
                    let at = self.blame(value.span);
                    let declared = self.blame(targets[0].name.span);
                    return Err(self.report(InputCount { callee: "the pattern".into(), wanted, found, at, declared }));
                }
                for (target, item) in targets.iter().zip(items) {
                    if target.next {
                        self.bind_next(&target.name, item, value.span, scope)?;
                    } else {
                        scope.bind(target.name.as_str(), item);
                    }
                }
                Ok(())
            }
        }
    }

    /// `x' = value`
    fn bind_next(&mut self, name: &Name, value: Value, span: Span, scope: &mut Scope) -> Outcome<()> {
        let tensor = self.tensor_of(value, span)?;
        // The state itself, which is made now if nothing has read it.
        let state = self.name(&name.text, name.span, scope)?;
        let state = match state.settled() {
            Value::Tensor(tensor) => tensor,
            other => return Err(self.not_a("a state or a parameter", &other, name.span)),
        };
        let slot = match self.graph[state.id].op {
            Op::Input(Slot::State(slot)) => Some(slot),
            // A state that nothing reads is not kept.
            _ if matches!(scope.find(&name.text), Some(Bound::Place { .. })) => None,
            _ => return Err(self.not_a("a state or a parameter", &Value::Tensor(state), name.span)),
        };
        let fits = state.shape.ends_with(&tensor.shape) && tensor.lead.is_empty();
        if !fits || self.dtype(&state) != self.dtype(&tensor) {
            let at = self.blame(span);
            let found = if tensor.lead.is_empty() {
                describe(&tensor)
            } else {
                format!("one {} for each example", describe(&tensor))
            };
            let (callee, wanted) = (format!("`{}'`", name.text), describe(&state));
            let declared = self.blame(name.span);
            return Err(self.report(ResultMismatch { callee, wanted, found, at, declared, help: None }));
        }
        let id = self.spread(&tensor, &[], &state.shape);
        let next = self.whole(id);
        scope.bind(&format!("{}'", name.text), Value::Tensor(next));
        if let Some(slot) = slot {
            self.nexts.insert(slot, id);
        }
        Ok(())
    }

    // -------------------------------------------------------------------------------------------- pipelines

    /// The start of a pipeline: a value that may have a name.
    fn head(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        let ExprKind::As { expr, name } = &expr.kind else { return self.evaluate(expr, scope) };
        let value = self.evaluate(expr, scope)?;
        self.name_stage(name, value, None, scope)
    }

    fn name_stage(
        &mut self,
        name: &Name,
        value: Value,
        callee: Option<Rc<Callee>>,
        scope: &mut Scope,
    ) -> Outcome<Value> {
        let path: Arc<str> = join(&scope.path, name.as_str()).into();
        self.note(&path, &value);
        let stage = Value::Stage(Rc::new(Stage { value, path, callee }));
        scope.bind(name.as_str(), stage.clone());
        Ok(stage)
    }

    /// `value |> stage`
    fn stage(&mut self, value: Value, stage: &Expr, scope: &mut Scope) -> Outcome<Value> {
        let (expr, alias) = match &stage.kind {
            ExprKind::As { expr, name } => (&**expr, Some(name)),
            _ => (stage, None),
        };
        let inputs = match value.settled() {
            Value::Tuple(items) => items.into_iter().map(|(_, item)| item).collect(),
            one => vec![one],
        };
        let op = match &expr.kind {
            ExprKind::Call { callee, args } => {
                let callee = self.evaluate(callee, scope)?;
                match callee {
                    Value::Callable(callee) => {
                        let given = self.arguments(args, scope)?;
                        let mut full = (*callee).clone();
                        full.given.extend(given);
                        full.span = expr.span;
                        match &full.what {
                            What::Builtin(builtin) if builtin.gives_layer() => {
                                self.apply(&Rc::new(full), vec![], expr.span)?
                            }
                            _ => Value::Callable(Rc::new(full)),
                        }
                    }
                    other => other,
                }
            }
            _ => self.evaluate(expr, scope)?,
        };
        match op {
            Value::Callable(callee) => {
                let is_stage = match &callee.what {
                    What::Defined(forms) if !is_applied(forms[0].callable.kind) => {
                        let at = self.blame(match &expr.kind {
                            ExprKind::Call { callee, .. } => callee.span,
                            _ => expr.span,
                        });
                        let (wanted, found) = ("a layer or a function".into(), callee.noun());
                        return Err(self.report(WrongKind { wanted, found, at, help: None }));
                    }
                    What::Defined(forms) => forms[0].callable.kind != tree::Kind::Fn,
                    What::Repeat { .. } => true,
                    What::Builtin(_) | What::Scalar(_) => false,
                };
                if !is_stage {
                    let result = self.apply(&callee, inputs, expr.span)?;
                    return match alias {
                        Some(name) => self.name_stage(name, result, None, scope),
                        None => Ok(result),
                    };
                }
                let name: Arc<str> = alias.map_or_else(|| callee.name().into(), |name| name.text.clone());
                let path = join(&scope.path, &name);
                let span = self.blame(alias.map_or(expr.span, |name| name.span));
                if let Some(&first) = scope.stages.get(&name) {
                    return Err(self.report(TwinStages { name: name.to_string(), at: span, first }));
                }
                let slots = self.slots.len();
                let result = self.applied(&callee, inputs, &path, expr.span)?;
                if self.slots.len() > slots {
                    scope.stages.insert(name.clone(), span);
                }
                match alias {
                    Some(alias) => {
                        let stage = Stage { value: result, path: path.into(), callee: Some(callee) };
                        let value = Value::Stage(Rc::new(stage));
                        scope.bind(alias.as_str(), value.clone());
                        Ok(value)
                    }
                    None => Ok(result),
                }
            }
            // The same layer again, with the same parameters.
            Value::Stage(stage) if stage.callee.is_some() => {
                let callee = stage.callee.clone().expect("checked");
                let result = self.applied(&callee, inputs, &stage.path, expr.span)?;
                match alias {
                    Some(name) => self.name_stage(name, result, None, scope),
                    None => Ok(result),
                }
            }
            Value::Word(word) => {
                let callee = match &expr.kind {
                    ExprKind::Call { callee, .. } => callee.span,
                    _ => expr.span,
                };
                Err(self.unknown_name("layer", &word, callee, scope))
            }
            other => Err(self.not_called("a layer or a function", &other, expr, scope)),
        }
    }

    /// Says that something cannot be called. A name that a field's formula took for a column was meant for something else.
    fn not_called(&mut self, wanted: &str, found: &Value, expr: &Expr, scope: &Scope) -> Reported {
        let expr = match &expr.kind {
            ExprKind::Call { callee, .. } => callee,
            _ => expr,
        };
        if let (ExprKind::Name(name), Value::Tensor(Tensor { meaning: Meaning::Column(_), .. })) = (&expr.kind, found) {
            let encoders = self.modules.names_of(scope.module, tree::Kind::Encoder);
            let near = nearest(name, encoders).map(str::to_string).or(self.callable_near(name, scope));
            let at = self.blame(expr.span);
            return self.report(UnknownName { kind: "encoder or function".into(), name: name.to_string(), at, near });
        }
        self.not_a(wanted, found, expr.span)
    }

    /// The arguments of a call, evaluated. Axes are named, not evaluated.
    pub fn arguments(&mut self, args: &[Arg], scope: &mut Scope) -> Outcome<Vec<Given>> {
        let mut given = Vec::new();
        for arg in args {
            let name = arg.name.clone();
            let value = match name.as_ref().map(Name::as_str) {
                Some("over" | "axis") => self.axes(&arg.value, scope)?,
                _ => self.evaluate(&arg.value, scope)?,
            };
            given.push(Given { name, value, span: arg.value.span });
        }
        Ok(given)
    }

    fn axes(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        match &expr.kind {
            // A name that a definition was given for its axes, or the axis itself.
            ExprKind::Name(name) => match scope.get(name) {
                Some(value @ (Value::Word(_) | Value::List(_))) => Ok(value.clone()),
                _ => Ok(Value::Word(name.clone())),
            },
            ExprKind::List(items) => {
                let mut axes = Vec::new();
                for item in items {
                    axes.push(self.axes(item, scope)?);
                }
                Ok(Value::List(axes))
            }
            _ => self.evaluate(expr, scope),
        }
    }

    fn call(&mut self, callee: &Expr, args: &[Arg], span: Span, scope: &mut Scope) -> Outcome<Value> {
        let value = self.evaluate(callee, scope)?;
        let callee = match value {
            Value::Callable(callee) => callee,
            Value::Word(word) => {
                return Err(self.unknown_name("function or layer", &word, callee.span, scope));
            }
            other => return Err(self.not_called("something that can be called", &other, callee, scope)),
        };
        let given = self.arguments(args, scope)?;
        if let What::Defined(forms) = &callee.what
            && forms[0].callable.kind != tree::Kind::Fn
            && is_applied(forms[0].callable.kind)
            && let Some((at, value)) =
                given.iter().enumerate().find_map(|(at, given)| match given.value.clone().settled() {
                    Value::Tensor(tensor) if !tensor.shape.is_empty() => Some((at, tensor)),
                    _ => None,
                })
        {
            let rest: Vec<String> =
                args.iter().enumerate().filter(|(it, _)| *it != at).map(|(_, arg)| arg.to_string()).collect();
            let rest = if rest.is_empty() { String::new() } else { format!("({})", rest.join(", ")) };
            let input = crate::syntax::print_expr(&args[at].value);
            let help = Some(format!("its inputs come by the pipe: `{input} |> {}{rest}`", callee.name()));
            let (wanted, found) = (format!("a setting of {}", callee.noun()), describe(&value));
            let at = self.blame(args[at].value.span);
            return Err(self.report(WrongKind { wanted, found, at, help }));
        }
        let mut full = (*callee).clone();
        full.given.extend(given);
        full.span = span;
        let applies_now = match &full.what {
            What::Defined(forms) => forms[0].callable.kind == tree::Kind::Fn,
            What::Builtin(_) | What::Scalar(_) => true,
            What::Repeat { .. } => false,
        };
        let full = Rc::new(full);
        if applies_now { self.apply(&full, vec![], span) } else { Ok(Value::Callable(full)) }
    }
}

/// Whether callables of a kind are applied by `|>`.
fn is_applied(kind: tree::Kind) -> bool {
    use tree::Kind::*;
    match kind {
        Layer | Model | Augmentation | Encoder | Fn => true,
        Loss | Optimizer | Regularizer | Schedule | Metric => false,
    }
}

/// The names that a statement gives to values.
fn names_of(statement: &Stmt, see: &mut impl FnMut(&Name)) {
    match statement {
        Stmt::Param(place) | Stmt::State(place) => see(&place.name),
        Stmt::Fit { name, .. } => see(name),
        Stmt::Bind { pattern, value, .. } => {
            let targets = match pattern {
                Pattern::One(target) => std::slice::from_ref(target),
                Pattern::Tuple(targets) => targets,
            };
            for target in targets {
                // Of `x'` only the next value is lost.
                match target.next {
                    true => see(&Name::new(format!("{}'", target.name.text), target.name.span)),
                    false => see(&target.name),
                }
            }
            stage_names(value, see);
        }
        Stmt::Expr(expr) => stage_names(expr, see),
        Stmt::Require { .. } | Stmt::Broken(_) => {}
    }
}

/// The names that the stages of a pipeline are given.
fn stage_names(expr: &Expr, see: &mut impl FnMut(&Name)) {
    match &expr.kind {
        ExprKind::As { expr, name } => {
            see(name);
            stage_names(expr, see);
        }
        ExprKind::Pipe { head, stages } => {
            stage_names(head, see);
            stages.iter().for_each(|stage| stage_names(stage, see));
        }
        ExprKind::Binary { left, right, .. } => {
            stage_names(left, see);
            stage_names(right, see);
        }
        ExprKind::Call { args, .. } | ExprKind::Tuple(args) => args.iter().for_each(|arg| stage_names(&arg.value, see)),
        ExprKind::Unary { operand, .. } => stage_names(operand, see),
        _ => {}
    }
}

/// Whether a name in scope is one that people write: hidden ones are not.
fn is_word(name: &str) -> bool {
    !name.ends_with('\'') && name != types::REST
}

/// The names of a type's axes.
fn axis_names(ty: &tree::Type) -> Vec<Option<Arc<str>>> {
    let tree::TypeKind::Named { dims, .. } = &ty.kind else { return vec![] };
    dims.iter()
        .map(|dim| match dim {
            Dim::Named { name, .. } => Some(name.text.clone()),
            Dim::Expr(Expr { kind: ExprKind::Name(name), .. }) => Some(name.clone()),
            _ => None,
        })
        .collect()
}
