//! Calls: what is called, and with which arguments.

use std::rc::Rc;

use super::Scope;
use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::modules::Definition;
use crate::model::types::describe;
use crate::model::value::*;
use crate::problem::names::*;
use crate::source::{Span, nearest};
use crate::syntax::tree::{self, Arg, Expr, ExprKind, Name, TypeKind};

impl Lower<'_> {
    pub(super) fn call(&mut self, callee: &Expr, args: &[Arg], span: Span, scope: &mut Scope) -> Outcome<Value> {
        let value = self.evaluate(callee, scope)?;
        let callee = match value {
            Value::Callable(callee) => callee,
            Value::Word(word) => {
                return Err(self.unknown_name("function or layer", &word, callee.span, scope));
            }
            other => return Err(self.not_called("something that can be called", &other, callee, scope)),
        };
        let outer = self.guarded;
        self.guarded |= matches!(&callee.what, What::Builtin(builtin) if builtin.chooses());
        let given = self.arguments_of(&callee, args, scope);
        self.guarded = outer;
        let given = given?;
        if let What::Defined(forms) = &callee.what
            && forms[0].callable.kind != tree::Kind::Fn
            && is_applied(forms[0].callable.kind)
            && let Some((at, value)) =
                given.iter().enumerate().find_map(|(at, given)| match given.value.clone().settled() {
                    Value::Tensor(tensor)
                        if !tensor.shape.is_empty() && !wants(&forms[0], at, &given.name, "layer") =>
                    {
                        Some((at, tensor))
                    }
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

    /// The arguments of a call, evaluated. Axes are named, not evaluated.
    pub fn arguments(&mut self, args: &[Arg], scope: &mut Scope) -> Outcome<Vec<Given>> {
        args.iter().map(|arg| self.argument(arg, scope)).collect()
    }

    /// The same of a call whose callee is known: where it wants a word, the formula of a field has no column of that name.
    pub(super) fn arguments_of(&mut self, callee: &Callee, args: &[Arg], scope: &mut Scope) -> Outcome<Vec<Given>> {
        let forms = match &callee.what {
            What::Defined(forms) if self.columns.is_some() => &forms[..],
            _ => &[],
        };
        let takes_word = |name: &Option<Name>| match (&callee.what, name) {
            (What::Builtin(builtin), Some(name)) => builtin.takes_word(name.as_str()),
            _ => false,
        };
        let given = args.iter().enumerate().map(|(at, arg)| match &arg.value.kind {
            ExprKind::Name(word)
                if scope.get(word).is_none()
                    && (takes_word(&arg.name) || forms.iter().any(|it| wants(it, at, &arg.name, "name"))) =>
            {
                Ok(Given { name: arg.name.clone(), value: Value::Word(word.clone()), span: arg.value.span })
            }
            _ => self.argument(arg, scope),
        });
        given.collect()
    }

    fn argument(&mut self, arg: &Arg, scope: &mut Scope) -> Outcome<Given> {
        let name = arg.name.clone();
        let value = match name.as_ref().map(Name::as_str) {
            Some("over" | "axis") => self.axes(&arg.value, scope)?,
            _ => self.evaluate(&arg.value, scope)?,
        };
        Ok(Given { name, value, span: arg.value.span })
    }

    pub(super) fn axes(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
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

    /// Says that something cannot be called. A name that a field's formula took for a column was meant for something else.
    pub(super) fn not_called(&mut self, wanted: &str, found: &Value, expr: &Expr, scope: &Scope) -> Reported {
        let expr = match &expr.kind {
            ExprKind::Call { callee, .. } => callee,
            _ => expr,
        };
        if let (ExprKind::Name(name), Value::Tensor(Tensor { meaning: Meaning::Column(_), .. })) = (&expr.kind, found) {
            let encoders = self.modules.names_of(scope.module, tree::Kind::Encoder);
            let near = nearest(name, encoders).or(self.callable_near(name, scope));
            let at = self.blame(expr.span);
            return self.report(UnknownName { kind: "encoder or function".into(), name: name.to_string(), at, near });
        }
        self.not_a(wanted, found, expr.span)
    }
}

/// Whether the setting that an argument is for, by its name or its place, is of a type: a stage is a `layer`, say.
fn wants(form: &Definition, at: usize, name: &Option<Name>, ty: &str) -> bool {
    let config = &form.callable.config;
    let param = match name {
        Some(name) => config.iter().find(|param| param.name.as_str() == name.as_str()),
        None => config.get(at),
    };
    let declared = param.and_then(|param| param.ty.as_ref());
    declared.is_some_and(|it| matches!(&it.kind, TypeKind::Named { name, .. } if name.as_str() == ty))
}

/// Whether callables of a kind are applied by `|>`.
pub(super) fn is_applied(kind: tree::Kind) -> bool {
    use tree::Kind::*;
    match kind {
        Layer | Model | Augmentation | Encoder | Fn => true,
        Loss | Optimizer | Regularizer | Schedule | Metric => false,
    }
}
