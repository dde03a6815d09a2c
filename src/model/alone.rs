//! Definitions that no train block uses, checked on their own: those whose types say every size.

use super::eval::Scope;
use super::functions::still;
use super::lower::Lower;
use super::modules::Definition;
use super::train::Context;
use super::types::{follows_target, is_variable};
use super::value::{BATCH, Meaning, Tensor, Value};
use crate::problem::Problem;
use crate::scalar::Dtype;
use crate::syntax::tree::{Callable, Dim, Expr, ExprKind, Item, Kind, Type, TypeKind};
use crate::tensor::Slot;

/// Lowers each layer and model of the file about which nothing has been said yet, on inputs of the types that it
/// declares. What has a free size, or a setting without a default, has no meaning of its own.
pub fn check(context: &Context, problems: &mut Vec<Problem>) {
    for item in &context.tree.items {
        let Item::Callable(callable) = item else { continue };
        let inside = |it: &Problem| {
            it.labels.iter().any(|label| {
                let (span, whole) = (label.span, callable.span);
                span.file == whole.file && whole.start <= span.start && span.end <= whole.end
            })
        };
        let stands_alone = matches!(callable.kind, Kind::Layer | Kind::Model)
            && callable.config.iter().all(|param| param.default.is_some());
        if stands_alone && !problems.iter().any(inside) {
            apply(context, callable, problems);
        }
    }
}

fn apply(context: &Context, callable: &std::sync::Arc<Callable>, problems: &mut Vec<Problem>) {
    let mut found = Vec::new();
    let mut lower = Lower::new(context.modules, context.library_files, &mut found, still(2));
    lower.discovering = true;
    let inputs = callable.inputs.iter().enumerate();
    let inputs: Option<Vec<Value>> =
        inputs.map(|(at, input)| Some(Value::Tensor(fed(&mut lower, context, at, input.ty.as_ref()?)?))).collect();
    let Some(inputs) = inputs else { return };
    if callable.result.as_ref().is_some_and(|ty| follows_the_data(&mut lower, context, ty)) {
        return;
    }
    let form = Definition { module: context.module, callable: callable.clone() };
    if let Ok((form, mut entered)) = lower.enter(&[form], &inputs, &[], "", callable.head)
        && let Ok(Some(value)) = lower.evaluate_form(&form, &mut entered.scope, callable.head)
    {
        _ = lower.checked_result(&form, value, &mut entered.scope, callable.head);
    }
    problems.extend(found);
}

/// Whether a result has a free size, which only a target solves: `-> logits[K]`.
fn follows_the_data(lower: &mut Lower, context: &Context, result: &Type) -> bool {
    let scope = Scope::new(context.module, "");
    match &result.kind {
        TypeKind::Named { dims, .. } => dims.iter().any(|dim| match dim {
            Dim::Expr(size) => {
                follows_target(size).is_some_and(|(name, _)| lower.constant_named(&scope, name).is_none())
            }
            _ => false,
        }),
        TypeKind::Tuple(parts) => parts.iter().any(|(_, ty)| follows_the_data(lower, context, ty)),
        TypeKind::Broken => true,
    }
}

/// An input of a type that says every size: of numbers, without names of axes.
fn fed(lower: &mut Lower, context: &Context, at: usize, ty: &Type) -> Option<Tensor> {
    let TypeKind::Named { name, dims } = &ty.kind else { return None };
    let (dtype, own) = match name.as_str() {
        "f32" => (Dtype::F32, None),
        "i32" => (Dtype::I32, None),
        "bool" => (Dtype::Bool, None),
        "number" => (Dtype::F32, Some(1)),
        _ => return None,
    };
    if ty.optional {
        return None;
    }
    let mut shape = vec![lower.setting.batch];
    shape.extend(own);
    for dim in dims {
        let Dim::Expr(size) = dim else { return None };
        shape.push(known(lower, context, size)?);
    }
    let id = lower.graph.input(Slot::Feed(at as u32), &shape, dtype);
    Some(Tensor { meaning: Meaning::Plain, ..lower.tensor(id, vec![BATCH]) })
}

/// A size that does not depend on where the definition is used.
fn known(lower: &mut Lower, context: &Context, size: &Expr) -> Option<usize> {
    let mut scope = Scope::new(context.module, "");
    match &size.kind {
        ExprKind::Number(_) => {}
        ExprKind::Name(name) if !is_variable(name) || lower.constant_named(&scope, name).is_some() => {}
        _ => return None,
    }
    lower.size(size, &mut scope).ok()
}
