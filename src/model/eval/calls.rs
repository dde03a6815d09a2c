//! Calls: what is called, and with which arguments.

use std::rc::Rc;

use super::Scope;
use crate::model::apply::inputs_of;
use crate::model::lower::{Lower, Outcome, Reported};
use crate::model::modules::Definition;
use crate::model::types::describe;
use crate::model::value::*;
use crate::problem::names::*;
use crate::source::{Span, nearest};
use crate::syntax::tree::{self, Arg, Expr, ExprKind, Name, Type, TypeKind};

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
        let given = self.arguments_of(&callee, args, 0, scope);
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
        let full = callee.with(given, span);
        let applies_now = match &full.what {
            What::Defined(forms) => forms[0].callable.kind == tree::Kind::Fn,
            What::Builtin(_) | What::Scalar(_) => true,
            What::Repeat { .. } => false,
        };
        let full = Rc::new(full);
        if applies_now { self.apply(&full, vec![], span) } else { Ok(Value::Callable(full)) }
    }

    /// The arguments of a call to what has `piped` inputs already, evaluated. Axes are named, not evaluated; where a function
    /// is wanted, one is handed on; where a word is wanted, the formula of a field has no column of that name.
    pub fn arguments_of(
        &mut self,
        callee: &Callee,
        args: &[Arg],
        piped: usize,
        scope: &mut Scope,
    ) -> Outcome<Vec<Given>> {
        let forms = match &callee.what {
            What::Defined(forms) => &forms[..],
            _ => &[],
        };
        let before = if callee.is_function() { piped } else { 0 };
        let in_field = self.columns.is_some();
        let takes_word = |name: &Option<Name>| match (&callee.what, name) {
            (What::Builtin(builtin), Some(name)) => builtin.takes_word(name.as_str()),
            _ => false,
        };
        let given = args.iter().enumerate().map(|(at, arg)| match &arg.value.kind {
            ExprKind::Name(word)
                if scope.get(word).is_none()
                    && (takes_word(&arg.name)
                        || in_field && forms.iter().any(|it| wants(it, before + at, &arg.name, "name"))) =>
            {
                Ok(Given { name: arg.name.clone(), value: Value::Word(word.clone()), span: arg.value.span })
            }
            _ if forms.iter().any(|it| wants(it, before + at, &arg.name, "fn")) => {
                let value = self.handed_on(&arg.value, scope)?;
                Ok(Given { name: arg.name.clone(), value, span: arg.value.span })
            }
            _ => self.argument(arg, scope),
        });
        given.collect()
    }

    /// A value for a setting of type `fn`: what is called here is not applied yet, but handed on with its arguments.
    pub fn handed_on(&mut self, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        let (callee, args) = match &expr.kind {
            ExprKind::Call { callee, args } => (callee, args),
            ExprKind::If { condition, then, otherwise } => {
                return match self.evaluate(condition, scope)?.settled() {
                    Value::Bool(true) => self.handed_on(then, scope),
                    Value::Bool(false) => self.handed_on(otherwise, scope),
                    other => Err(self.not_a("a condition known before the run", &other, condition.span)),
                };
            }
            _ => return self.evaluate(expr, scope),
        };
        let callee = match self.evaluate(callee, scope)? {
            Value::Callable(callee) if callee.is_handed_on() => callee,
            _ => return self.evaluate(expr, scope),
        };
        let inputs = match &callee.what {
            What::Defined(forms) => inputs_of(&forms[0]),
            What::Builtin(_) | What::Scalar(_) | What::Repeat { .. } => 0,
        };
        let given = self.arguments_of(&callee, args, inputs, scope)?;
        Ok(Value::Callable(Rc::new(callee.with(given, expr.span))))
    }

    /// A value for a setting of type `ty`.
    pub fn evaluate_for(&mut self, ty: Option<&Type>, expr: &Expr, scope: &mut Scope) -> Outcome<Value> {
        match ty {
            Some(ty) if is_named(ty, "fn") => self.handed_on(expr, scope),
            _ => self.evaluate(expr, scope),
        }
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
    param.and_then(|param| param.ty.as_ref()).is_some_and(|it| is_named(it, ty))
}

fn is_named(ty: &Type, word: &str) -> bool {
    matches!(&ty.kind, TypeKind::Named { name, .. } if name.as_str() == word)
}

/// Whether callables of a kind are applied by `|>`.
pub(super) fn is_applied(kind: tree::Kind) -> bool {
    use tree::Kind::*;
    match kind {
        Layer | Model | Augmentation | Encoder | Fn => true,
        Loss | Optimizer | Regularizer | Schedule | Metric => false,
    }
}
