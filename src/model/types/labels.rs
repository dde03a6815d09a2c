//! Names of axes: which axes meet in an operation, and what a value that leaves a definition is called outside.
//!
//! A name that a type gives (`H = 28`) belongs to the definition that writes it. Whatever goes in has the definition's own
//! names inside, and when it leaves the names that it had outside; an axis without a name meets any other.

use std::rc::Rc;

use super::Mismatch;
use crate::model::eval::Scope;
use crate::model::lower::{Lower, Outcome};
use crate::model::value::{AxisName, Label, Stage, Tensor, Value};
use crate::problem::shapes::AxesDiffer;
use crate::source::Span;
use crate::syntax::tree::{Dim, Expr, ExprKind, Name, Type, TypeKind};

/// The names of a type's axes, given within so many definitions.
pub fn axis_names(ty: &Type, depth: usize) -> Vec<AxisName> {
    let TypeKind::Named { dims, .. } = &ty.kind else { return vec![] };
    let named = |dim: &Dim| match dim {
        Dim::Named { name, .. } => {
            let label = Some(Label { name: name.text.clone(), at: name.span, depth });
            AxisName { called: Some(name.text.clone()), label, padded: false }
        }
        Dim::Expr(Expr { kind: ExprKind::Name(name), .. }) => {
            AxisName { called: Some(name.clone()), label: None, padded: false }
        }
        _ => AxisName::default(),
    };
    dims.iter().map(named).collect()
}

/// The names of `shape` reshaped to `to`: an axis keeps its own where its places stay what they are.
pub fn reshaped(names: &[AxisName], shape: &[usize], to: &[usize]) -> Vec<AxisName> {
    // An axis of size 1 could be any of several, and says nothing.
    let before = |shape: &[usize], axis: usize| shape[..axis].iter().product::<usize>();
    let same = |axis: usize| {
        (0..shape.len()).find(|&old| to[axis] > 1 && shape[old] == to[axis] && before(shape, old) == before(to, axis))
    };
    if shape == to {
        return names.to_vec();
    }
    (0..to.len()).map(|axis| same(axis).map_or_else(AxisName::default, |old| names[old].clone())).collect()
}

/// Two names that meet and differ.
pub fn differ<'t>(one: &'t AxisName, other: &'t AxisName) -> Option<(&'t Label, &'t Label)> {
    let (one, other) = (one.label.as_ref()?, other.label.as_ref()?);
    (one.name != other.name).then_some((one, other))
}

impl Lower<'_> {
    /// Says so where two axes meet that have different names; shapes are aligned at their ends.
    pub fn meet(&mut self, operation: &str, operands: &[&Tensor], span: Span) -> Outcome<()> {
        for (at, one) in operands.iter().enumerate() {
            for other in &operands[at + 1..] {
                let pairs = one.names.iter().rev().zip(other.names.iter().rev());
                if let Some((left, right)) = pairs.into_iter().find_map(|(one, other)| differ(one, other)) {
                    return self.crossed(operation, left, right, span);
                }
            }
        }
        Ok(())
    }

    /// The same for the axes over which a product sums. There an axis may meet one of another name: but not if one side has
    /// the name of the other on another axis.
    pub fn meet_summed(&mut self, a: &Tensor, inner: usize, b: &Tensor, shared: usize, span: Span) -> Outcome<()> {
        let Some((left, right)) = differ(&a.names[inner], &b.names[shared]) else { return Ok(()) };
        let has = |tensor: &Tensor, label: &Label| {
            tensor.names.iter().any(|it| it.label.as_ref().is_some_and(|it| it.name == label.name))
        };
        if has(a, right) || has(b, left) { self.crossed("@", left, right, span) } else { Ok(()) }
    }

    pub(super) fn crossed<T>(&mut self, operation: &str, left: &Label, right: &Label, span: Span) -> Outcome<T> {
        let at = self.blame(span);
        let operation = operation.to_string();
        let (one, other) = (left.name.to_string(), right.name.to_string());
        Err(self.report(AxesDiffer { operation, left: one, right: other, at, left_at: left.at, right_at: right.at }))
    }

    /// Gives an axis the name that a type has for it; what it was called before is kept for when it leaves.
    pub(super) fn label(&mut self, axis: &mut AxisName, name: &Name, scope: &mut Scope) {
        // A definition's body is one definition further in than what surrounds it.
        let depth = self.definitions.len() + 1;
        let label = Label { name: name.text.clone(), at: name.span, depth };
        scope.outside.push((name.span, axis.label.take()));
        axis.label = Some(label);
    }

    /// That a type wants two axes in another order than they have.
    pub(super) fn out_of_order(&self, dims: &[(usize, &Dim)], names: &[AxisName]) -> Option<Mismatch> {
        dims.iter().find_map(|&(axis, dim)| {
            let Dim::Named { name, .. } = dim else { return None };
            let own = names.get(axis)?.label.as_ref()?;
            let elsewhere = names.iter().flat_map(|it| &it.label).any(|it| it.name == name.text);
            (own.name != name.text && elsewhere).then(|| Mismatch::Order {
                axis,
                wanted: name.text.clone(),
                found: own.clone(),
            })
        })
    }

    /// A value as it is called outside of the definition whose names `scope` has.
    pub fn leave(&self, value: Value, scope: &Scope) -> Value {
        let depth = self.definitions.len();
        let outside = |mut label: Option<Label>| {
            while let Some(inner) = label.as_ref().filter(|it| it.depth > depth) {
                let at = inner.at;
                label = scope.outside.iter().find(|(own, _)| *own == at).and_then(|(_, outer)| outer.clone());
            }
            label
        };
        renamed(value, &outside)
    }

    /// The value of a model, whose names are those of its result.
    pub fn hand_on(&self, value: Value) -> Value {
        let depth = self.definitions.len();
        renamed(value, &|label| label.map(|it| Label { depth: it.depth.min(depth), ..it }))
    }
}

fn renamed(value: Value, rename: &dyn Fn(Option<Label>) -> Option<Label>) -> Value {
    match value {
        Value::Tensor(mut tensor) => {
            for axis in &mut tensor.names {
                axis.label = rename(axis.label.take());
            }
            Value::Tensor(tensor)
        }
        Value::Tuple(items) => {
            Value::Tuple(items.into_iter().map(|(name, item)| (name, renamed(item, rename))).collect())
        }
        Value::Stage(stage) => {
            let Stage { value, path, callee } = &*stage;
            let (path, callee) = (path.clone(), callee.clone());
            Value::Stage(Rc::new(Stage { value: renamed(value.clone(), rename), path, callee }))
        }
        Value::List(items) => Value::List(items.into_iter().map(|item| renamed(item, rename)).collect()),
        other => other,
    }
}

/// The name that an axis of a join has: that of the first part which has one.
pub fn first_of(names: &mut [AxisName], others: &[AxisName]) {
    for (own, other) in names.iter_mut().rev().zip(others.iter().rev()) {
        own.called = own.called.take().or_else(|| other.called.clone());
        own.label = own.label.take().or_else(|| other.label.clone());
        own.padded |= other.padded;
    }
}
