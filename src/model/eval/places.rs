//! Parameters and states: made when they are first read, and given a next value.

use std::rc::Rc;

use super::Scope;
use super::scope::{Bound, join};
use crate::model::lower::{Declared, Lower, Outcome, Reported};
use crate::model::types::labels::axis_names;
use crate::model::types::{self, describe};
use crate::model::value::*;
use crate::problem::shapes::*;
use crate::scalar::Dtype;
use crate::source::Span;
use crate::syntax::tree::{Expr, ExprKind, Name, Place};
use crate::tensor::{Op, Slot};

impl Lower<'_> {
    /// The parameter or state that a statement declares.
    pub(super) fn place(&mut self, place: &Place, trained: bool, scope: &mut Scope) -> Outcome<Tensor> {
        let path = match scope.owner {
            // A state of the optimizer, for one parameter.
            Some(_) => format!("{} of {}", place.name.text, scope.path),
            None => join(&scope.path, &place.name.text),
        };
        if let Some(&slot) = self.slots.get(&path) {
            let depth = self.definitions.len();
            let names = place.ty.as_ref().map(|ty| axis_names(ty, depth)).unwrap_or_default();
            let tensor = self.read(slot)?;
            let names = if names.len() == tensor.shape.len() { names } else { tensor.names.clone() };
            return Ok(Tensor { names, ..tensor });
        }
        if self.dead.contains(&path) {
            let shape = match &place.ty {
                Some(ty) => self.shape_of(ty, scope)?,
                None => scope.owner.clone().expect("a state of the optimizer"),
            };
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
        let adapts = self.adapting.clone();
        self.declared.push(Declared { path: path.clone(), trained, shape, initial, adapts, span });
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
                let at = callee.span;
                let value = self.apply(&Rc::new(callee), vec![], at)?;
                match value {
                    Value::Callable(_) => Err(self.not_a("a start for a parameter", &value, span)),
                    value => self.started(value, span, shape),
                }
            }
            other => Err(self.not_a("a start for a parameter", &other, span)),
        }
    }

    /// `x'`: the next value of a state or a parameter.
    pub(super) fn next_value(&mut self, inner: &Expr, scope: &mut Scope) -> Outcome<Value> {
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

    /// `x' = value`
    pub(super) fn bind_next(&mut self, name: &Name, value: Value, span: Span, scope: &mut Scope) -> Outcome<()> {
        // What a recurrence carries is no state.
        if let Some(Value::Tensor(place)) = scope.get(&name.text)
            && let Op::Input(Slot::Carry(_)) = self.graph[place.id].op
        {
            let next = self.carried_on(&place.clone(), name, value, span)?;
            scope.bind(&format!("{}'", name.text), Value::Tensor(next));
            return Ok(());
        }
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
            let found = match &tensor.lead[..] {
                [] => describe(&tensor),
                [BATCH] => format!("one {} for each example", describe(&tensor)),
                _ => format!("one {} for each turn of a `for` around it", describe(&tensor)),
            };
            let (callee, wanted) = (format!("`{}'`", name.text), describe(&state));
            let declared = self.blame(name.span);
            return Err(self.report(ResultMismatch { callee, wanted, found, at, declared, help: None }));
        }
        let id = self.spread(&tensor, &[], &state.shape);
        let next = self.whole(id);
        scope.bind(&format!("{}'", name.text), Value::Tensor(next));
        // What is frozen, or predicts, stays as it is.
        if let Some(slot) = slot
            && (scope.owner.is_some() || self.setting.training)
        {
            self.nexts.insert(slot, id);
        }
        Ok(())
    }
}
